//! Nobody who does not know a secret is believed, whatever the request; what a source signs, it believes.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use waybill_fuzz::{Raw, clock};
use waybill_providers::Message;

/// Sign in the body, or not at all, or by a certificate that only the provider has.
const SIGN_NO_BYTES: [&str; 3] = ["adyen", "mollie-classic", "paypal"];

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some(raw) = Raw::read(bytes) else { return Corpus::Reject };
    let (adapter, request, now) = (&raw.source.adapter, raw.request(), clock());
    if let Ok(verified) = adapter.verify(&request, now) {
        // A shop's ping is not signed, and must therefore say nothing.
        let events = adapter.parse(&request, &verified, now).unwrap_or_default();
        assert!(events.is_empty(), "{} believes what nobody signed", raw.source.provider);
    }
    for method in ["OPTIONS", "GET"] {
        let _answer = adapter.handshake(method, &request);
    }
    if let Some(address) = adapter.wants(&request, now) {
        assert!(adapter.learn(&address, raw.body, now).is_err(), "a certificate from nowhere");
    }
    if !SIGN_NO_BYTES.contains(&raw.source.provider) {
        let signed = adapter.sign(Message { headers: Vec::new(), body: raw.body.to_vec() }, now);
        let verified = adapter.verify(&signed.request(), now);
        assert!(verified.is_ok(), "{} does not believe itself", raw.source.provider);
    }
    Corpus::Keep
});
