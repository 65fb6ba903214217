use std::collections::BTreeMap;

use super::*;
use crate::domain::Reference;
use crate::domain::envelope::Envelope;
use crate::domain::{
    CanonicalEvent, Fact, Mode, OccurredAt, Operation, Origin, Outcome, Precision, Trust,
};

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).unwrap()
}

fn capture(op_ref: &str) -> Effect {
    let fact = Fact {
        book: "payments".into(),
        op: Operation::Capture,
        op_ref: op_ref.into(),
        group: None,
        outcome: Outcome::Succeeded,
        amount: None,
        mode: Mode::Delta,
        partial: false,
        first: 0,
        reason: None,
    };
    Effect::Facts { facts: vec![fact] }
}

/// A webhook; its number is its id. Names that begin with `order:` are the merchant's.
fn pending(number: u128, key: &str, names: &[&str], effect: Effect) -> Pending {
    let reference =
        |name: &&str| Reference { merchant: name.starts_with("order:"), name: (*name).to_owned() };
    let event = CanonicalEvent {
        webhook_id: Uuid::from_u128(number),
        source: "payments".into(),
        provider: "native".into(),
        account: None,
        dedup_key: key.into(),
        body_sha256: [0; 32],
        native_type: "paid".into(),
        occurred_at: OccurredAt { at: now(), precision: Precision::S, origin: Origin::Event },
        trust: Trust::Bearer,
        order_refs: names.iter().map(reference).collect(),
        effect,
    };
    let envelope = Envelope {
        event,
        received_at: now(),
        correlation_id: "c".into(),
        body: Vec::new(),
        headers: BTreeMap::new(),
    };
    Pending { envelope, namespace: "default".into(), attempts: 0, replayed: false, trace_id: None }
}

fn told(number: u128, names: &[&str]) -> Pending {
    pending(number, &format!("k{number}"), names, capture(&format!("c{number}")))
}

/// Plans a batch of which the database knows nothing.
fn planned(batch: &[Pending]) -> Plan<'_> {
    plan(&batch.iter().enumerate().collect::<Vec<_>>(), Known::default(), now())
}

#[track_caller]
fn check(batch: &[Pending], expected: &[Verdict]) {
    let verdicts: Vec<Verdict> = planned(batch)
        .settled
        .iter()
        .map(|settled| settled.verdict)
        .collect();
    assert_eq!(verdicts, expected);
}

#[test]
fn every_event_is_settled_in_its_place() {
    use Verdict::{Applied, Conflict, Dead, Duplicate, Ignored};
    let mut contradiction = told(1, &["order:A"]);
    contradiction.envelope.event.webhook_id = Uuid::from_u128(9);
    contradiction.envelope.event.body_sha256 = [1; 32];
    let mut repeat = told(1, &["order:A"]);
    repeat.envelope.event.webhook_id = Uuid::from_u128(8);
    let batch = [
        told(1, &["order:A"]),
        pending(2, "k2", &[], Effect::Ignored { reason: "other mode".into() }),
        pending(3, "k3", &[], Effect::Unusable { reason: "no amount".into() }),
        told(4, &[]),
        repeat,
        contradiction,
    ];
    check(&batch, &[Applied, Ignored, Dead, Dead, Duplicate, Conflict]);
}

#[test]
fn only_those_that_end_well_hold_a_key() {
    let batch = [
        told(1, &["order:A"]),
        pending(2, "k2", &[], Effect::Ignored { reason: "other mode".into() }),
        pending(3, "k3", &[], Effect::Unusable { reason: "no amount".into() }),
        told(4, &["order:\0"]),
    ];
    let plan = planned(&batch);
    let keys: Vec<&str> = plan.keys.iter().map(|key| key.dedup_key).collect();
    assert_eq!(keys, ["k1", "k2"]);
    assert_eq!((plan.log.len(), plan.dead.len()), (4, 2));
}

#[test]
fn a_good_repeat_of_an_unusable_event_in_one_batch_counts() {
    let bad = pending(1, "k", &["order:A"], Effect::Unusable { reason: "no amount".into() });
    let good = pending(2, "k", &["order:A"], capture("c"));
    check(&[bad, good], &[Verdict::Dead, Verdict::Applied]);
}

#[test]
fn names_pass_to_the_order_that_absorbs() {
    let batch = [told(1, &["pi:1", "ch:1"]), told(2, &["order:A"]), told(3, &["order:A", "pi:1"])];
    let plan = planned(&batch);
    let absorbing = plan.settled[2].order_id.unwrap();
    assert_eq!(plan.settled[1].order_id, Some(absorbing));
    assert!(
        plan.given
            .iter()
            .all(|(_, order_id)| *order_id == absorbing),
        "{:?}",
        plan.given
    );
    assert_eq!(plan.given.len(), 3);
    let [absorbed] = plan
        .orders
        .iter()
        .filter(|order| order.absorbed_into.is_some())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    assert_eq!(absorbed.absorbed_into, Some(absorbing));
    assert_eq!(plan.trail.len(), 5, "three events, absorb and absorbed");
}

#[test]
fn a_contradiction_is_told_to_whoever_absorbed_its_order() {
    let mut contradiction = told(1, &["pi:1"]);
    contradiction.envelope.event.webhook_id = Uuid::from_u128(9);
    contradiction.envelope.event.body_sha256 = [1; 32];
    let batch =
        [told(1, &["pi:1"]), told(2, &["order:A"]), told(3, &["order:A", "pi:1"]), contradiction];
    let plan = planned(&batch);
    assert_eq!(plan.settled[3].verdict, Verdict::Conflict);
    assert_eq!(plan.settled[3].order_id, plan.settled[2].order_id);
}

#[test]
fn a_foreign_name_stays_whose_it_is() {
    let batch = [told(1, &["order:A", "pi:1"]), told(2, &["order:B", "pi:1"])];
    let plan = planned(&batch);
    assert_eq!(plan.settled[1].verdict, Verdict::Conflict);
    assert_eq!(plan.settled[1].order_id, plan.settled[0].order_id);
    assert_eq!(plan.orders.len(), 1, "the other order is not made");
    assert!(
        plan.given
            .iter()
            .all(|(name, _)| name.reference != "order:B")
    );
}

#[test]
fn new_orders_have_ids_of_the_commits_time() {
    let plan = planned(&[told(1, &["order:A"])]).settled;
    let id = plan[0].order_id.unwrap();
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(id.get_timestamp().unwrap().to_unix().0, 1_800_000_000);
}
