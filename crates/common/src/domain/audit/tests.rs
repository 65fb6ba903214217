use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::domain::sample::{at, event, fact, hint, snapshot, usd};
use crate::domain::{
    CanonicalEvent, Facts, Flag, INTEGER_MAX, Operation, OrderState, Outcome, Payment, RULES,
    Snapshot, Told, label, reason,
};

mod tampering;
mod worked_example;

const ORDER: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
const OTHER: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0002);

/// Writes a trail as a commit does.
struct Writer {
    rows: Vec<Row>,
    facts: Facts,
}

impl Writer {
    fn new() -> Self {
        Self { rows: vec![], facts: Facts::default() }
    }

    fn event(&mut self, event: &CanonicalEvent) {
        let told = Told::from(event);
        let learnt = self.facts.join(Facts::of(&told));
        let verdict = if learnt { Verdict::Applied } else { Verdict::NoChange };
        let state = self.facts.derive();
        let reason = reason::applied(&told, self.status(), state.status);
        self.push(
            event,
            &TrailEffect::Event(event.effect.clone()),
            verdict,
            (state.status, reason),
        );
    }

    fn conflict(&mut self, event: &CanonicalEvent) {
        self.facts.mark_conflict(&event.source, &event.dedup_key);
        let end = (self.facts.derive().status, reason::contradicted_key(OTHER));
        self.push(event, &TrailEffect::Event(event.effect.clone()), Verdict::Conflict, end);
    }

    fn absorb(&mut self, cause: &CanonicalEvent, other: &Self) {
        let head_hash = other.rows.last().unwrap().hash;
        let facts = other.facts.clone();
        self.facts.join(facts.clone());
        let effect = TrailEffect::Absorb(Absorb { order_id: OTHER, head_hash, facts });
        let end = (self.facts.derive().status, reason::absorb(OTHER));
        self.push(cause, &effect, Verdict::Applied, end);
    }

    fn acknowledge(&mut self, flag: Flag) {
        let causes = self.facts.open_causes(flag);
        self.facts.acknowledge(flag, causes.clone());
        let effect = TrailEffect::Acknowledged(Acknowledged { flag, causes });
        let end = (self.facts.derive().status, reason::acknowledged(flag, "operator:ada", "seen"));
        let action = event("action:1", 6, []).sent_by(crate::domain::ADMIN);
        let action = CanonicalEvent { order_refs: vec![], ..action };
        self.push(&action, &effect, Verdict::Applied, end);
    }

    /// Undoes the link with a name, and begins the order that it leaves for.
    fn part(&mut self, name: &str) -> Self {
        let leaving = Leaving::with(name, &self.rows).unwrap().unwrap();
        let action = event("action:2", 7, []).sent_by(crate::domain::ADMIN);
        let action = CanonicalEvent { order_refs: vec![], ..action };
        let mut other = Self::new();
        other.facts = leaving.facts.clone();
        let head_hash = self.rows.last().unwrap().hash;
        let parted = Parted { order_id: ORDER, head_hash, facts: leaving.facts };
        let end =
            (other.facts.derive().status, reason::parted(name, ORDER, "operator:ada", "wrong"));
        other.push(&action, &TrailEffect::Parted(parted), Verdict::Applied, end);

        self.facts = leaving.rest;
        self.facts
            .part(leaving.names.iter().cloned(), leaving.kept.iter().cloned());
        let Leaving { rows, names, kept: references, .. } =
            Leaving::with(name, &self.rows).unwrap().unwrap();
        let part = Part { order_id: OTHER, rows, names, references };
        let end = (self.facts.derive().status, reason::part(name, OTHER, "operator:ada", "wrong"));
        self.push(&action, &TrailEffect::Part(part), Verdict::Applied, end);
        other
    }

    fn absorbed(&mut self, cause: &CanonicalEvent) {
        let effect = TrailEffect::Absorbed(Absorbed { into: OTHER });
        let end = (Status::Absorbed, reason::absorbed(OTHER));
        self.push(cause, &effect, Verdict::Applied, end);
    }

    fn push(
        &mut self,
        cause: &CanonicalEvent,
        effect: &TrailEffect,
        verdict: Verdict,
        (to_status, reason): (Status, String),
    ) {
        let from_status = self.status();
        let record = Record {
            order_id: ORDER,
            seq: i64::try_from(self.rows.len()).unwrap() + 1,
            kind: effect.kind(),
            webhook_id: cause.webhook_id,
            source: cause.source.clone(),
            dedup_key: cause.dedup_key.clone(),
            body_sha256: cause.body_sha256,
            native_type: cause.native_type.clone(),
            verdict,
            label: label(from_status, to_status),
            from_status,
            to_status,
            reason,
            trust: cause.trust,
            order_refs: cause.order_refs.clone(),
            effect: effect.to_value(),
            occurred_at: cause.occurred_at.at,
            recorded_at: at(60),
            correlation_id: "c-1".into(),
            trace_id: None,
            rules: RULES,
        };
        let prev_hash = self.rows.last().map_or(GENESIS, |row| row.hash);
        let hash = record.hash(&prev_hash).unwrap();
        self.rows.push(Row { record, prev_hash, hash });
    }

    fn status(&self) -> Option<Status> {
        self.rows.last().map(|row| row.record.to_status)
    }

    fn stored(&self) -> Stored {
        Stored {
            id: ORDER,
            state: self.facts.derive(),
            facts: self.facts.clone(),
            head_hash: self.rows.last().map_or(GENESIS, |row| row.hash),
            absorbed_into: None,
        }
    }
}

/// A trail with a row of every kind and verdict that the absorbing order can have.
fn written() -> Writer {
    let capture =
        fact(Operation::Capture, "stripe:acct:pi_1", Outcome::Succeeded).cumulative(9_999);
    let placed = fact(Operation::Place, "native:payments:T-1", Outcome::Succeeded)
        .usd(9_999)
        .first(1);
    let shop = Snapshot {
        payment: Some(Payment::Paid),
        total: Some(usd(9_999)),
        ..snapshot("shop.order::1", 3)
    };
    let mut other = Writer::new();
    other.event(&event("evt_0", 1, capture.clone()));
    let mut writer = Writer::new();
    writer.event(&event("e:1", 1, placed.clone()).sent_by("payments"));
    writer.event(&event("evt_1", 2, capture.clone()));
    writer.event(&event("evt_2", 2, capture));
    writer.event(&event("shop_3", 3, shop).sent_by("shop"));
    writer.event(&event("evt_4", 4, hint("stripe:acct:pi_1", 4)));
    writer.conflict(&event("e:1", 9, placed.usd(1)).sent_by("payments"));
    writer.absorb(&event("evt_5", 5, hint("stripe:acct:pi_1", 5)), &other);
    writer.acknowledge(Flag::Conflict);
    let wrong = fact(Operation::Capture, "stripe:acct:pi_9", Outcome::Succeeded).usd(1);
    writer.event(&under(&["pi_9"], event("evt_6", 6, wrong)));
    writer.part("pi_9");
    writer
}

/// The same event under foreign names beside the merchant's.
fn under(names: &[&str], event: CanonicalEvent) -> CanonicalEvent {
    let foreign = |name: &&str| Reference { merchant: false, name: (*name).to_owned() };
    let order_refs = names
        .iter()
        .map(foreign)
        .chain(event.order_refs.clone())
        .collect();
    CanonicalEvent { order_refs, ..event }
}

#[test]
fn what_leaves_counts_for_the_other_order_and_the_rest_stays() {
    let captured =
        |op_ref: &str, minor| fact(Operation::Capture, op_ref, Outcome::Succeeded).usd(minor);
    let alone = |name: &str, event: CanonicalEvent| CanonicalEvent {
        order_refs: vec![Reference { merchant: false, name: name.into() }],
        ..event
    };
    let mut writer = Writer::new();
    writer.event(&event("1", 1, fact(Operation::Place, "o", Outcome::Succeeded).usd(9)));
    writer.event(&under(&["pi_1"], event("2", 2, captured("c1", 9))));
    writer.event(&under(&["pi_2"], event("3", 3, captured("c2", 5))));
    let refund = fact(Operation::Refund, "r2", Outcome::Succeeded).usd(2);
    writer.event(&alone("ch_2", event("4", 4, refund)));
    let names = ["ch_2", "pi_2"].map(|name| Reference { merchant: false, name: name.into() });
    writer.event(&CanonicalEvent { order_refs: names.into(), ..event("5", 5, captured("c2", 5)) });
    assert_eq!(writer.facts.derive().captured, 14);

    let other = writer.part("ch_2");
    check(&writer.rows, &writer.stored(), &[]);
    let (here, there) = (writer.facts.derive(), other.facts.derive());
    assert_eq!((here.captured, here.refunded, here.status), (9, 0, Status::Paid));
    assert_eq!((there.captured, there.refunded, there.total), (5, 2, None));
    assert!(
        writer.facts.has_parted_from(&other.facts) && !other.facts.has_parted_from(&writer.facts)
    );
    assert!(Leaving::with("pi_2", &writer.rows).unwrap().is_none(), "it is gone");
    assert!(Leaving::with("order:A", &writer.rows).unwrap().is_none(), "it is the merchant's");
    let states = states_of_trail(writer.rows.iter().map(|row| &row.record)).unwrap();
    assert_eq!(states.last(), Some(&here));
}

#[track_caller]
fn check(rows: &[Row], stored: &Stored, expected: &[Fault]) {
    assert_eq!(verify_trail(rows, stored), expected);
}

#[test]
fn a_trail_as_it_was_written_has_no_fault() {
    let writer = written();
    check(&writer.rows, &writer.stored(), &[]);
    let verdicts: BTreeSet<Verdict> = writer.rows.iter().map(|row| row.record.verdict).collect();
    assert!(verdicts.contains(&Verdict::NoChange) && verdicts.contains(&Verdict::Conflict));
    let folded = fold_trail(writer.rows.iter().map(|row| &row.record)).unwrap();
    assert_eq!(folded, writer.facts);
}

#[test]
fn an_absorbed_order_shows_no_money_and_keeps_its_trail() {
    let mut writer = Writer::new();
    let captured = fact(Operation::Capture, "pi", Outcome::Succeeded).usd(5);
    writer.event(&event("1", 1, captured.clone()));
    writer.absorbed(&event("2", 2, captured));
    let stored =
        Stored { state: OrderState::absorbed(), absorbed_into: Some(OTHER), ..writer.stored() };
    check(&writer.rows, &stored, &[]);
    assert_eq!((stored.state.captured, stored.state.status), (0, Status::Absorbed));
    let elsewhere = Stored { absorbed_into: None, ..stored };
    check(&writer.rows, &elsewhere, &[Fault::Absorption]);
}

#[test]
fn each_kind_of_fault_is_named() {
    let writer = written();
    let (rows, stored) = (&writer.rows, writer.stored());
    check(
        &[],
        &stored,
        &[
            Fault::Empty,
            Fault::Head,
            Fault::Facts,
            Fault::State { fields: "captured, currency, flags, payment, status, total".into() },
        ],
    );
    check(rows, &Stored { head_hash: GENESIS, ..stored.clone() }, &[Fault::Head]);
    check(rows, &Stored { facts: Facts::default(), ..stored.clone() }, &[Fault::Facts]);
    let mut state = stored.state.clone();
    (state.captured, state.status) = (1, Status::Refunded);
    let fields = "captured, status".into();
    check(rows, &Stored { state, ..stored.clone() }, &[Fault::State { fields }]);
    let cut = rows[..rows.len() - 1].to_vec();
    assert_eq!(verify_trail(&cut, &stored)[0], Fault::Head);
    let without_second = [&rows[..1], &rows[2..]].concat();
    assert_eq!(
        verify_trail(&without_second, &stored)[..2],
        [Fault::Sequence { expected: 2, found: 3 }, Fault::BrokenChain { seq: 3 }]
    );
}

/// Changes a row and hashes the whole trail again, as somebody with the whole database could.
fn rewritten(change: impl Fn(&mut Record)) -> (Vec<Row>, Stored) {
    let mut writer = written();
    change(&mut writer.rows[1].record);
    let mut head = GENESIS;
    for row in &mut writer.rows {
        row.prev_hash = head;
        row.hash = row.record.hash(&head).unwrap_or(GENESIS);
        head = row.hash;
    }
    let stored = writer.stored();
    (writer.rows, stored)
}

#[test]
fn a_rewritten_chain_is_still_held_to_the_rules() {
    let found = |change: fn(&mut Record)| {
        let (rows, stored) = rewritten(change);
        verify_trail(&rows, &stored)
    };
    assert_eq!(found(|_| {}), []);
    assert_eq!(found(|row| row.order_id = OTHER), [Fault::ForeignRow { seq: 2 }]);
    assert_eq!(found(|row| row.rules = 99)[0], Fault::UnknownRules { seq: 2, rules: 99 });
    assert_eq!(found(|row| row.verdict = Verdict::Dead)[0], Fault::Verdict { seq: 2 });
    assert_eq!(found(|row| row.effect = Value::Null)[0], Fault::Unreadable { seq: 2 });
    assert_eq!(
        found(|row| row.effect =
            serde_json::json!({"kind": "facts", "facts": [], "x": INTEGER_MAX + 1}))[0],
        Fault::NotCanonical { seq: 2 }
    );
    assert!(matches!(found(|row| row.label = None)[0], Fault::Label { seq: 2, .. }));
    assert!(matches!(found(|row| row.from_status = None)[0], Fault::Discontinuity { seq: 2, .. }));
    let promoted = found(|row| {
        row.to_status = Status::Completed;
        row.label = label(row.from_status, row.to_status);
    });
    let expected = Fault::Status { seq: 2, expected: Status::Paid, found: Status::Completed };
    assert!(promoted.contains(&expected), "{promoted:?}");
}

#[test]
fn a_fault_is_a_sentence() {
    let fault = Fault::Status { seq: 2, expected: Status::Paid, found: Status::Completed };
    assert_eq!(fault.to_string(), "row 2 ended in completed, but its facts say paid");
}

#[test]
fn effects_read_back_as_they_were_written() {
    for row in &written().rows {
        let effect = TrailEffect::read(row.record.kind, &row.record.effect).unwrap();
        assert_eq!(
            (effect.kind(), effect.to_value()),
            (row.record.kind, row.record.effect.clone())
        );
    }
    let absorbed = TrailEffect::Absorbed(Absorbed { into: OTHER });
    assert_eq!(TrailEffect::read(Kind::Absorbed, &absorbed.to_value()).unwrap(), absorbed);
    assert!(TrailEffect::read(Kind::Absorb, &absorbed.to_value()).is_err());
}

fn records() -> impl Strategy<Value = Record> {
    let text = || "[a-c\"{},:é]{0,3}";
    let ids = (text(), text(), text(), text(), proptest::option::of(text()));
    let numbers = (1..3_i64, 0..2_u8, 0..3_i64, 1..3_i16);
    let names = (
        proptest::sample::select(Kind::ALL),
        proptest::sample::select(Verdict::ALL),
        proptest::option::of(proptest::sample::select(Label::ALL)),
        proptest::option::of(proptest::sample::select(Status::ALL)),
        proptest::sample::select(Status::ALL),
        proptest::sample::select(Trust::ALL),
    );
    (ids, numbers, names).prop_map(
        |(
            (source, dedup_key, reason, correlation_id, trace_id),
            (seq, byte, time, rules),
            names,
        )| {
            let (kind, verdict, label, from_status, to_status, trust) = names;
            Record {
                order_id: ORDER,
                seq,
                kind,
                webhook_id: OTHER,
                native_type: source.clone(),
                source,
                dedup_key,
                body_sha256: [byte; 32],
                verdict,
                label,
                from_status,
                to_status,
                effect: serde_json::json!({ "kind": reason.clone() }),
                reason,
                trust,
                order_refs: vec![],
                occurred_at: at(time),
                recorded_at: at(time),
                correlation_id,
                trace_id,
                rules,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A record can be read back from what is hashed, so two records never share it.
    #[test]
    fn the_encoding_of_records_is_injective(record in records()) {
        let bytes = canonical::to_vec(&record).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Record>(&bytes).unwrap(), record);
    }
}
