//! One source of each provider, with secrets that no fuzzer guesses.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use waybill_common::config;
use waybill_providers::{Adapter, PROVIDERS, adapter};

/// A root certificate that signed none of the requests that are tried.
const ROOT: &str = include_str!("../root.pem");

pub struct Source {
    pub provider: &'static str,
    pub adapter: Box<dyn Adapter>,
}

static SOURCES: LazyLock<BTreeMap<&'static str, Source>> = LazyLock::new(|| {
    PROVIDERS
        .into_iter()
        .map(|provider| (provider, Source { provider, adapter: set_up(provider) }))
        .collect()
});

/// The source of the provider of that name.
pub fn source(provider: &str) -> Option<&'static Source> {
    SOURCES.get(provider)
}

fn set_up(provider: &str) -> Box<dyn Adapter> {
    let secrets = "secrets = ['whsec_Znp4cDhpdG5mMzd3c2RqOXF2YzE1Ymhs']";
    let keys = match provider {
        "native" => "tokens = ['fzxp8itnf37wsdj9qvc1']\ndefault_currency = 'USD'".to_owned(),
        "cloudevents" | "mollie-classic" => "tokens = ['fzxp8itnf37wsdj9qvc1']".to_owned(),
        "adyen" => "secrets = ['7c1f5e0b9d2a4c83a6e4']\nlive = false".to_owned(),
        "square" => format!("{secrets}\nurl = 'https://example.com/square'"),
        "lightspeed-c" | "lightspeed-x" => format!("{secrets}\ndefault_currency = 'USD'"),
        "stripe" | "mollie" => format!("{secrets}\nlive = false"),
        "paypal" => format!("secrets = ['''{ROOT}''']\nwebhook_id = 'WH-1'"),
        _ => secrets.to_owned(),
    };
    let text = format!("profile = 'demo'\n[sources.fuzz]\nprovider = '{provider}'\n{keys}");
    let config = config::from_toml(&text).expect("the keys are well-formed");
    adapter("fuzz", &config.sources["fuzz"]).expect("the provider takes the keys")
}
