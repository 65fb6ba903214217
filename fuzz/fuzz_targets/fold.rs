//! Whatever the events of an order say, it is in one state, in whatever order and however often they come.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waybill_common::domain::{CanonicalEvent, Facts, Told};
use waybill_fuzz::events;

fuzz_target!(|bytes: &[u8]| {
    let told = events(bytes);
    let forwards = fold(told.iter());
    let backwards = fold(told.iter().rev());
    assert_eq!(forwards, backwards, "the order of arrival matters");
    let halves = told.split_at(told.len() / 2);
    let mut joined = fold(halves.1.iter());
    joined.join(fold(halves.0.iter().chain(&told)));
    assert_eq!(
        joined, forwards,
        "what is known of two orders that become one depends on when they do"
    );
    assert_eq!(joined.derive(), forwards.derive());
});

fn fold<'a>(events: impl Iterator<Item = &'a CanonicalEvent>) -> Facts {
    let mut facts = Facts::default();
    for event in events {
        facts.join(Facts::of(&Told::from(event)));
    }
    facts
}
