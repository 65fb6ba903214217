//! Events about one order made of any bytes. The words are few, so that events meet.

use arbitrary::{Arbitrary, Result, Unstructured};
use uuid::Uuid;
use waybill_common::domain::{
    CanonicalEvent, Currency, Effect, Fact, Fulfilment, Hint, Lifecycle, Mode, Money, OccurredAt,
    Operation, Origin, Outcome, Payment, Precision, Reference, Snapshot, Timestamp, Trust,
};

const EVENTS_MAX: usize = 24;
const FACTS_MAX: usize = 4;
/// The largest amount, and the time that is furthest away: 2^53 − 1.
const INTEGER_MAX: i64 = (1 << 53) - 1;
const TIMES: [i64; 6] = [0, 1, 2, 3, -1, INTEGER_MAX];
const AMOUNTS: [i64; 8] = [0, 1, 25, 99, 100, -1, INTEGER_MAX, -INTEGER_MAX];

/// The events that the bytes spell, until they end.
#[must_use]
pub fn events(bytes: &[u8]) -> Vec<CanonicalEvent> {
    let mut rest = Unstructured::new(bytes);
    let mut events = Vec::new();
    while !rest.is_empty() && events.len() < EVENTS_MAX {
        events.extend(event(&mut rest));
    }
    events
}

fn event(rest: &mut Unstructured<'_>) -> Result<CanonicalEvent> {
    Ok(CanonicalEvent {
        webhook_id: Uuid::nil(),
        source: word(rest, &["admin", "one", "two"])?,
        provider: "fuzz".to_owned(),
        account: None,
        dedup_key: word(rest, &["a", "b", "c", "d"])?,
        body_sha256: [0; 32],
        native_type: "fuzz".to_owned(),
        occurred_at: OccurredAt {
            at: time(rest)?,
            precision: Precision::Us,
            origin: Origin::Event,
        },
        trust: any(rest, Trust::ALL)?,
        order_refs: vec![Reference::foreign("fuzz", "payment", "", &word(rest, &["1", "2"])?)],
        effect: effect(rest)?,
    })
}

fn effect(rest: &mut Unstructured<'_>) -> Result<Effect> {
    Ok(match rest.int_in_range(0..=7)? {
        0 => Effect::Hint { hint: Hint { object: word(rest, &["x", "y"])?, at: time(rest)? } },
        1 | 2 => Effect::Snapshot { snapshot: snapshot(rest)?, facts: facts(rest)? },
        _ => Effect::Facts { facts: facts(rest)? },
    })
}

fn facts(rest: &mut Unstructured<'_>) -> Result<Vec<Fact>> {
    (0..rest.int_in_range(0..=FACTS_MAX)?)
        .map(|_| fact(rest))
        .collect()
}

fn fact(rest: &mut Unstructured<'_>) -> Result<Fact> {
    Ok(Fact {
        book: book(rest)?,
        op: any(rest, Operation::ALL)?,
        op_ref: word(rest, &["p", "q", "r"])?,
        group: maybe(rest, |rest| word(rest, &["g", "h"]))?,
        outcome: any(rest, Outcome::ALL)?,
        amount: maybe(rest, money)?,
        mode: any(rest, &[Mode::Delta, Mode::Cumulative])?,
        partial: bool::arbitrary(rest)?,
        first: any(rest, &TIMES)?,
        reason: maybe(rest, |rest| word(rest, &["why", "why not"]))?,
    })
}

fn snapshot(rest: &mut Unstructured<'_>) -> Result<Snapshot> {
    Ok(Snapshot {
        object: word(rest, &["x", "y"])?,
        book: book(rest)?,
        first: any(rest, &TIMES)?,
        lifecycle: maybe(rest, |rest| any(rest, Lifecycle::ALL))?,
        payment: maybe(rest, |rest| any(rest, Payment::ALL))?,
        fulfilment: maybe(rest, |rest| any(rest, Fulfilment::ALL))?,
        total: maybe(rest, money)?,
        captured: maybe(rest, money)?,
        refunded: maybe(rest, money)?,
        deleted: maybe(rest, bool::arbitrary)?,
    })
}

fn book(rest: &mut Unstructured<'_>) -> Result<String> {
    word(rest, &["payments", "shop"])
}

fn time(rest: &mut Unstructured<'_>) -> Result<Timestamp> {
    any(rest, &TIMES).map(Timestamp::from_micros_saturating)
}

fn money(rest: &mut Unstructured<'_>) -> Result<Money> {
    let currency = Currency::parse(any(rest, &["USD", "JPY"])?).expect("a currency");
    Ok(Money::from_minor(any(rest, &AMOUNTS)?, currency).expect("not too much"))
}

fn word(rest: &mut Unstructured<'_>, words: &[&str]) -> Result<String> {
    any(rest, words).map(str::to_owned)
}

fn any<T: Copy>(rest: &mut Unstructured<'_>, of: &[T]) -> Result<T> {
    rest.choose(of).copied()
}

/// Half of the time.
fn maybe<'a, T>(
    rest: &mut Unstructured<'a>,
    make: impl FnOnce(&mut Unstructured<'a>) -> Result<T>,
) -> Result<Option<T>> {
    if bool::arbitrary(rest)? { make(rest).map(Some) } else { Ok(None) }
}
