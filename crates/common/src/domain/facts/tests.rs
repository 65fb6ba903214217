use proptest::prelude::*;

use super::*;
use crate::domain::sample::{at, deliveries, event, fact, fold, hint, money, snapshot, usd};
use crate::domain::{
    Flag, Fulfilment, Lifecycle, Mode, Money, Operation, Outcome, Payment, Snapshot,
};

fn joined(mut left: Facts, right: Facts) -> Facts {
    left.join(right);
    left
}

// Small pools, so that events meet each other; extremes among them, so that sums would overflow if they could.

fn amounts() -> impl Strategy<Value = Option<Money>> {
    let minor = prop_oneof![Just(0), Just(1), Just(5_000), Just(9_999), Just(INTEGER_MAX)];
    let code = prop_oneof![4 => Just("USD"), 1 => Just("EUR")];
    proptest::option::weighted(0.8, (minor, code).prop_map(|(minor, code)| money(minor, code)))
}

fn firsts() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), Just(1), Just(2), Just(i64::MIN), Just(i64::MAX)]
}

fn of_pool(pool: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(pool).prop_map(str::to_owned)
}

fn statements() -> impl Strategy<Value = Fact> {
    let operation = (
        of_pool(&["payments", "shop"]),
        proptest::sample::select(Operation::ALL),
        of_pool(&["a", "b", "a#attempt"]),
        proptest::option::of(of_pool(&["a", "g"])),
        proptest::sample::select(Outcome::ALL),
    );
    let mode = prop_oneof![2 => Just(Mode::Delta), 1 => Just(Mode::Cumulative)];
    (operation, amounts(), mode, any::<bool>(), firsts()).prop_map(
        |((book, op, op_ref, group, outcome), amount, mode, partial, first)| Fact {
            book,
            op,
            op_ref,
            group,
            outcome,
            amount,
            mode,
            partial,
            first,
            reason: None,
        },
    )
}

fn snapshots() -> impl Strategy<Value = Snapshot> {
    let words = (
        proptest::option::of(proptest::sample::select(Lifecycle::ALL)),
        proptest::option::of(proptest::sample::select(Payment::ALL)),
        proptest::option::of(proptest::sample::select(Fulfilment::ALL)),
        proptest::option::of(any::<bool>()),
    );
    let sums = (amounts(), amounts(), amounts());
    (of_pool(&["shop", "other"]), firsts(), words, sums).prop_map(
        |(
            object,
            first,
            (lifecycle, payment, fulfilment, deleted),
            (total, captured, refunded),
        )| {
            let book = object.clone();
            Snapshot {
                object,
                book,
                first,
                lifecycle,
                payment,
                fulfilment,
                total,
                captured,
                refunded,
                deleted,
            }
        },
    )
}

fn effects() -> impl Strategy<Value = Effect> {
    let facts = proptest::collection::vec(statements(), 0..3);
    prop_oneof![
        4 => proptest::collection::vec(statements(), 1..4).prop_map(|facts| Effect::Facts { facts }),
        2 => (snapshots(), facts).prop_map(|(snapshot, facts)| Effect::Snapshot { snapshot, facts }),
        1 => (of_pool(&["a", "shop"]), 0..3_i64).prop_map(|(object, seconds)| hint(&object, seconds)),
    ]
}

pub(in crate::domain) fn events() -> impl Strategy<Value = CanonicalEvent> {
    let source = of_pool(&["stripe", "payments", ADMIN]);
    let trust = proptest::sample::select(Trust::ALL);
    (effects(), source, of_pool(&["1", "2", "3"]), 0..3_i64, trust, of_pool(&["A", "B"])).prop_map(
        |(effect, source, key, seconds, trust, order)| CanonicalEvent {
            source,
            trust,
            order_refs: vec![Reference::order(&order)],
            ..event(&key, seconds, effect)
        },
    )
}

fn lives() -> impl Strategy<Value = Facts> {
    let marks = proptest::option::of(of_pool(&["1", "2"]));
    let seen = proptest::option::of(proptest::sample::select(Flag::ALL));
    (proptest::collection::vec(events(), 0..6), marks, seen).prop_map(|(events, mark, seen)| {
        let mut facts = fold(&events);
        if let Some(key) = mark {
            facts.mark_conflict("payments", &key);
        }
        if let Some(flag) = seen {
            facts.acknowledge(flag, facts.open_causes(flag));
        }
        facts
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_join_is_commutative(left in lives(), right in lives()) {
        prop_assert_eq!(joined(left.clone(), right.clone()), joined(right, left));
    }

    #[test]
    fn the_join_is_associative(left in lives(), middle in lives(), right in lives()) {
        let leftmost = joined(joined(left.clone(), middle.clone()), right.clone());
        prop_assert_eq!(leftmost, joined(left, joined(middle, right)));
    }

    #[test]
    fn the_join_is_idempotent_and_says_that_nothing_was_learnt(facts in lives()) {
        let mut again = facts.clone();
        prop_assert!(!again.join(facts.clone()));
        prop_assert_eq!(again, facts);
    }

    #[test]
    fn what_is_no_news_leaves_the_state_as_it_was_but_for_a_fetch_done(facts in lives(), told in events()) {
        let mut after = facts.clone();
        if !after.join(Facts::of(&Told::from(&told))) {
            let (mut before, mut after) = (facts.derive(), after.derive());
            // The time of the latest word is no news, and is what ends the need to fetch.
            before.flags.retain(|flag| *flag != crate::domain::Flag::NeedsFetch);
            after.flags.retain(|flag| *flag != crate::domain::Flag::NeedsFetch);
            prop_assert_eq!(before, after);
        }
    }

    #[test]
    fn what_was_seen_is_quiet_and_the_rest_is_as_it_was(facts in lives()) {
        let before = facts.derive();
        for flag in Flag::ALL {
            let causes = facts.open_causes(*flag);
            prop_assert_eq!(before.flags.contains(flag), !causes.is_empty());
            let mut seen = facts.clone();
            seen.acknowledge(*flag, causes);
            let mut expected = before.clone();
            expected.flags.retain(|raised| raised != flag);
            prop_assert_eq!(seen.derive(), expected);
        }
    }

    #[test]
    fn any_facts_have_a_state_within_what_its_columns_hold(facts in lives()) {
        let state = facts.derive();
        for sum in [state.authorized, state.captured, state.refunded, state.disputed] {
            prop_assert!((0..=INTEGER_MAX).contains(&sum));
        }
        prop_assert!(state.total.is_none_or(|total| total.abs() <= INTEGER_MAX));
        prop_assert!(state.flags.is_sorted_by(|one, next| one.as_str() < next.as_str()));
        prop_assert!(state.total.is_none() || state.currency.is_some());
    }

    #[test]
    fn facts_read_back_as_they_were_written(facts in lives()) {
        let json = serde_json::to_value(&facts).unwrap();
        prop_assert_eq!(crate::domain::canonical::check(&json), Ok(()));
        prop_assert_eq!(serde_json::from_value::<Facts>(json).unwrap(), facts);
    }
}

/// A life with everything in it: two books, a snapshot, a hint, a correction, a contradiction.
fn life() -> [CanonicalEvent; 6] {
    use Operation::{Authorize, Capture, Refund, Void};
    use Outcome::{Pending, Succeeded};
    let shop = Snapshot {
        total: Some(usd(9_999)),
        payment: Some(Payment::Paid),
        ..snapshot("shop.order::1", 3)
    };
    [
        event("1", 1, [fact(Authorize, "pi", Succeeded).usd(9_999), fact(Void, "v", Succeeded)]),
        event("2", 2, fact(Capture, "pi", Succeeded).usd(9_999).group("g")).trust(Trust::Checksum),
        event("3", 3, shop).sent_by("shop"),
        event("4", 4, hint("pi", 5)),
        event("5", 5, fact(Refund, "re", Pending).usd(100).group("g")),
        event("6", 6, fact(Capture, "pi", Succeeded).usd(5_000).first(6)).sent_by(ADMIN),
    ]
}

#[test]
fn every_arrival_of_up_to_six_events_with_any_repeated_ends_in_one_state() {
    let life = life();
    for chosen in 1_usize..1 << life.len() {
        let events: Vec<&CanonicalEvent> = (0..life.len())
            .filter(|index| chosen & (1 << index) != 0)
            .map(|index| &life[index])
            .collect();
        let expected = fold(events.iter().copied());
        for delivery in deliveries(&events) {
            let facts = fold(delivery.iter().copied());
            assert_eq!(facts, expected);
        }
    }
}

#[test]
fn what_an_operation_keeps_does_not_grow_with_its_events() {
    let size = |events: i64| {
        let told: Vec<CanonicalEvent> = (0..events)
            .map(|number| {
                let capture = fact(Operation::Capture, "t", Outcome::Succeeded)
                    .usd(1_000 + number)
                    .first(number);
                event(&format!("{number:06}"), number, capture)
            })
            .collect();
        serde_json::to_string(&fold(&told)).unwrap().len()
    };
    assert_eq!(size(1_000), size(2));
}

#[test]
fn an_operation_told_twice_is_no_news() {
    use Operation::Capture;
    let intent = event("evt_1", 1, fact(Capture, "pi", Outcome::Succeeded).cumulative(9_999));
    let charge = event("evt_2", 2, fact(Capture, "pi", Outcome::Succeeded).cumulative(9_999));
    for [one, other] in [[&intent, &charge], [&charge, &intent]] {
        let mut facts = fold([one]);
        assert!(!facts.join(Facts::of(&Told::from(other))));
        assert_eq!(facts, fold([&intent, &charge]));
    }
}

#[test]
fn an_event_without_a_fact_still_gives_its_references() {
    let ignored = event("1", 1, Effect::Ignored { reason: "refused".into() });
    let facts = fold([&ignored]);
    assert!(facts.references().eq([&Reference::order("A")]));
    assert_eq!(facts.operations().count(), 0);
}

#[test]
fn precedence_ranks_first_then_outcome_then_trust_then_amount_then_key() {
    use Outcome::{Failed, Succeeded};
    let word = |first: i64, outcome, trust, minor: Option<i64>, key: &str| {
        let mut told = fact(Operation::Capture, "t", outcome);
        told.first = first;
        told.amount = minor.map(usd);
        let facts = fold([&event(key, 1, told).trust(trust)]);
        let (_, standing) = facts.of_operation(Operation::Capture).next().unwrap();
        standing.word.clone()
    };
    let rising = [
        word(0, Succeeded, Trust::Unsigned, None, "1"),
        word(0, Succeeded, Trust::Bearer, None, "1"),
        word(0, Succeeded, Trust::Bearer, Some(1), "1"),
        word(0, Succeeded, Trust::Bearer, Some(2), "1"),
        word(0, Succeeded, Trust::Bearer, Some(2), "2"),
        word(0, Succeeded, Trust::Full, None, "1"),
        word(0, Failed, Trust::Unsigned, None, "1"),
        word(1, Succeeded, Trust::Unsigned, None, "1"),
    ];
    assert!(rising.is_sorted_by(|one, next| one < next));
}

#[test]
fn a_register_is_won_by_first_then_value_then_trust_and_an_absent_one_says_nothing() {
    let paid = Snapshot { payment: Some(Payment::Paid), ..snapshot("o", 1) };
    let refunded = Snapshot { payment: Some(Payment::Refunded), ..snapshot("o", 1) };
    let later = Snapshot { payment: Some(Payment::Authorized), ..snapshot("o", 2) };
    let silent = Snapshot { lifecycle: Some(Lifecycle::Closed), ..snapshot("o", 3) };
    let word = |told: &[&Snapshot]| {
        let told: Vec<CanonicalEvent> = told
            .iter()
            .map(|snapshot| event("1", 1, (*snapshot).clone()))
            .collect();
        fold(&told).objects["o"]
            .payment
            .map(|register| register.value)
    };
    assert_eq!(word(&[&paid, &refunded]), Some(Payment::Refunded));
    assert_eq!(word(&[&refunded, &paid, &later, &silent]), Some(Payment::Authorized));
    assert_eq!(word(&[&silent]), None);
}

#[test]
fn a_big_order_learns_one_event_without_copying_the_rest() {
    let told: Vec<CanonicalEvent> = (0..1_000)
        .map(|number| {
            let capture = fact(Operation::Capture, &format!("t{number}"), Outcome::Succeeded);
            event(&format!("{number}"), number, capture.usd(1))
        })
        .collect();
    let mut facts = fold(&told);
    let kept = &raw const facts.operations[&Operation::Capture]["t500"];
    facts.join(Facts::of(&Told::from(&event(
        "x",
        1,
        fact(Operation::Close, "c", Outcome::Succeeded),
    ))));
    assert!(std::ptr::eq(kept, &raw const facts.operations[&Operation::Capture]["t500"]));
    assert_eq!(facts.derive().captured, 1_000);
    let json = serde_json::to_string(&facts).unwrap();
    assert!(json.len() < 200 * 1_000, "{} bytes", json.len());
}

#[test]
fn times_beyond_what_json_carries_are_capped() {
    let mut told = event("1", 1, hint("o", 1));
    told.occurred_at.at = Timestamp::parse("9999-12-31T23:59:59Z").unwrap();
    let Effect::Hint { hint } = &mut told.effect else { unreachable!("made above") };
    hint.at = told.occurred_at.at;
    assert_eq!(fold([&told]).hints["o"], INTEGER_MAX);
    assert!(fold([&event("2", 1, crate::domain::sample::hint("o", 1))]).hints["o"] < INTEGER_MAX);
    assert_eq!(at(0), Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
}
