//! Any text is a configuration or is refused; whatever is accepted can be shown, and each of its sources is set up or
//! refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waybill_common::config;
use waybill_providers::adapter;

fuzz_target!(|text: &str| {
    if let Ok(config) = config::from_toml(text) {
        let _shown = config::redacted(&config);
        for (name, source) in &config.sources {
            let _adapter = adapter(name, source);
        }
    }
});
