//! What was believed is understood, ignored or refused; its events reach the worker as they were, and can be folded.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::{Corpus, fuzz_target};
use uuid::Uuid;
use waybill_common::domain::envelope::Envelope;
use waybill_common::domain::{CanonicalEvent, Facts, Told, Trust, canonical};
use waybill_fuzz::{Raw, clock};
use waybill_providers::Verified;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some(raw) = Raw::read(bytes) else { return Corpus::Reject };
    let verified = Verified::by(Trust::Full, Some(0));
    let Ok(parsed) = raw.source.adapter.parse(&raw.request(), &verified, clock()) else {
        return Corpus::Keep;
    };
    for event in parsed {
        let body = event.body.clone().unwrap_or_else(|| raw.body.to_vec());
        check(event.received(Uuid::nil(), "fuzz", raw.source.provider), body);
    }
    Corpus::Keep
});

fn check(event: CanonicalEvent, body: Vec<u8>) {
    let merchants = event
        .order_refs
        .iter()
        .filter(|reference| reference.merchant)
        .count();
    assert!(merchants <= 1, "an event names two of the merchant's orders");
    let folded = Facts::of(&Told::from(&event));
    let mut twice = folded.clone();
    assert!(!twice.join(folded.clone()), "an event teaches something twice");
    assert_eq!(twice, folded);
    let _state = folded.derive();
    let value = serde_json::to_value(&event.effect).expect("an effect has a JSON form");
    canonical::check(&value).expect("an effect can be hashed and stored");
    let (received_at, headers) = (clock(), BTreeMap::new());
    let sent = Envelope { event, received_at, correlation_id: String::new(), body, headers };
    let arrived = Envelope::decode(&sent.encode()).expect("our own message");
    assert_eq!(arrived, sent, "a message changed on its way");
}
