//! Events as senders would cause them: each webhook with an id and a time of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use waybill_common::domain::envelope::Envelope;
use waybill_common::domain::{
    CanonicalEvent, Currency, Effect, Fact, Mode, Money, OccurredAt, Operation, Origin, Outcome,
    Precision, Reference, Timestamp, Trust,
};
use waybill_common::storage::commit::Pending;

/// When the tests' world begins.
const START: &str = "2026-11-20T12:00:00Z";

/// A time that no other event of this process has, one millisecond later each time.
pub(crate) fn later() -> Timestamp {
    static PASSED: AtomicI64 = AtomicI64::new(0);
    let passed = PASSED.fetch_add(1, Ordering::Relaxed);
    let start = Timestamp::parse(START).expect("a time");
    Timestamp::from_micros(start.micros() + passed * 1_000).expect("within the years")
}

/// After everything that was sent.
pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-11-21T00:00:00Z").expect("a time")
}

pub(crate) fn foreign(object: &str, id: &str) -> Reference {
    Reference::foreign("stripe", object, "acct_1", id)
}

/// A webhook with one fact about one operation.
pub(crate) fn webhook(key: &str, names: &[Reference], effect: Effect) -> Pending {
    let received_at = later();
    let seconds = u64::try_from(received_at.seconds()).expect("after 1970");
    let nanoseconds =
        u32::try_from(received_at.micros() % 1_000_000).expect("less than a second") * 1_000;
    let time = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds);
    let body = serde_json::to_vec(&(key, &effect)).expect("it has a JSON form");
    let event = CanonicalEvent {
        webhook_id: Uuid::new_v7(time),
        source: "stripe".into(),
        provider: "stripe".into(),
        account: Some("acct_1".into()),
        dedup_key: key.into(),
        body_sha256: Sha256::digest(&body).into(),
        native_type: "charge.updated".into(),
        occurred_at: OccurredAt { at: received_at, precision: Precision::S, origin: Origin::Event },
        trust: Trust::Full,
        order_refs: names.to_vec(),
        effect,
    };
    Pending {
        envelope: Envelope {
            event,
            received_at,
            correlation_id: format!("c-{key}"),
            body,
            headers: BTreeMap::from([("content-type".into(), "application/json".into())]),
        },
        namespace: "default".into(),
        attempts: 0,
        replayed: false,
        trace_id: Some("0af7651916cd43dd8448eb211c80319c".into()),
    }
}

/// The sender sends it again: the same event in a new webhook.
pub(crate) fn again(sent: &Pending) -> Pending {
    let event = &sent.envelope.event;
    let mut repeated = webhook(&event.dedup_key, &event.order_refs, event.effect.clone());
    repeated.envelope.event.occurred_at = event.occurred_at;
    repeated
}

pub(crate) fn fact(op: Operation, op_ref: &str, outcome: Outcome, minor: i64) -> Fact {
    let euro = Currency::parse("EUR").expect("a currency");
    Fact {
        book: "payments".into(),
        op,
        op_ref: format!("stripe:acct_1:{op_ref}"),
        group: None,
        outcome,
        amount: Some(Money::from_minor(minor, euro).expect("a small amount")),
        mode: Mode::Delta,
        partial: false,
        first: 0,
        reason: None,
    }
}

pub(crate) fn facts(facts: &[Fact]) -> Effect {
    Effect::Facts { facts: facts.to_vec() }
}

pub(crate) fn placed(minor: i64) -> Effect {
    facts(&[fact(Operation::Place, "place", Outcome::Succeeded, minor)])
}

pub(crate) fn captured(op_ref: &str, minor: i64) -> Effect {
    facts(&[fact(Operation::Capture, op_ref, Outcome::Succeeded, minor)])
}

pub(crate) fn refunded(op_ref: &str, minor: i64) -> Effect {
    facts(&[fact(Operation::Refund, op_ref, Outcome::Succeeded, minor)])
}
