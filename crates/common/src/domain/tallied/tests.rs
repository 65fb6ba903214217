use proptest::prelude::*;

use super::*;
use crate::domain::facts::tests::events;
use crate::domain::sample::{event, fact, fold};
use crate::domain::{CanonicalEvent, Effect, Outcome, Payment, Told};

/// What happens to an order.
#[derive(Clone, Debug)]
enum Step {
    Told(Box<CanonicalEvent>),
    /// Another order is taken in.
    Absorbed(Vec<CanonicalEvent>),
    Contradicted,
    Seen(Flag),
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => events().prop_map(|event| Step::Told(Box::new(event))),
        1 => proptest::collection::vec(events(), 1..4).prop_map(Step::Absorbed),
        1 => Just(Step::Contradicted),
        1 => proptest::sample::select(Flag::ALL).prop_map(Step::Seen),
    ]
}

/// Does one step to both, and expects the same of both.
fn check(step: &Step, plain: &mut Facts, tallied: &mut Tallied) {
    match step {
        Step::Told(event) => {
            let told = Facts::of(&Told::from(&**event));
            assert_eq!(tallied.join(told.clone()), plain.join(told));
        }
        Step::Absorbed(events) => {
            let other = fold(events);
            assert_eq!(tallied.join(other.clone()), plain.join(other));
        }
        Step::Contradicted => {
            assert_eq!(tallied.mark_conflict("s", "k"), plain.mark_conflict("s", "k"));
        }
        Step::Seen(flag) => {
            tallied.acknowledge(*flag, tallied.open_causes(*flag));
            plain.acknowledge(*flag, plain.open_causes(*flag));
        }
    }
    assert_eq!(**tallied, *plain);
    assert_eq!(*tallied, Tallied::from(plain.clone()), "the count is that of what is there");
    assert_eq!(tallied.derive(), plain.derive());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn after_every_step_the_count_is_as_if_made_anew(life in proptest::collection::vec(steps(), 0..12)) {
        let (mut plain, mut tallied) = (Facts::default(), Tallied::default());
        for step in &life {
            check(step, &mut plain, &mut tallied);
        }
    }
}

/// Tells the order of one operation, which is expected to leave it so.
#[track_caller]
fn tell(order: &mut Tallied, key: &str, told: impl Into<Effect>, expected: (Payment, i64)) {
    order.join(Facts::of(&Told::from(&event(key, 1, told))));
    let state = order.derive();
    assert_eq!((state.payment, state.captured), expected, "after {key}");
}

#[test]
fn an_operation_that_turns_leaves_every_sum_it_was_in() {
    use Operation::{Capture, Void};
    use Outcome::{Failed, Pending, Succeeded};
    let order = &mut Tallied::default();
    tell(order, "1", [fact(Capture, "c", Pending).usd(100)], (Payment::Processing, 0));
    tell(order, "2", [fact(Capture, "c", Succeeded).usd(100)], (Payment::Paid, 100));
    // Its group is told late, and others are in it already.
    tell(
        order,
        "3",
        [fact(Capture, "d", Succeeded).cumulative(300).group("g")],
        (Payment::Paid, 400),
    );
    tell(order, "4", [fact(Capture, "c", Succeeded).usd(100).group("g")], (Payment::Paid, 300));
    tell(order, "5", [fact(Capture, "d", Failed).group("g")], (Payment::Paid, 100));
    tell(order, "6", [fact(Capture, "c", Failed).group("g")], (Payment::Failed, 0));
    tell(order, "7", [fact(Capture, "e", Pending).group("g")], (Payment::Processing, 0));
    tell(order, "8", [fact(Void, "v", Succeeded).group("g")], (Payment::Voided, 0));
    tell(order, "9", [fact(Void, "v", Failed).group("g")], (Payment::Processing, 0));
}

#[test]
fn names_are_parted_with_and_no_operation_is_touched() {
    let mut order =
        Tallied::from(fold(&[event("1", 1, [fact(Operation::Close, "c", Outcome::Succeeded)])]));
    let before = order.derive();
    order.part(["x".to_owned()], [Reference::order("B")]);
    assert!(order.has_parted_with("x"));
    assert!(
        order
            .references()
            .eq([&Reference::order("A"), &Reference::order("B")])
    );
    assert_eq!(order.derive(), before);
}

#[test]
fn an_order_with_a_thousand_operations_learns_one_more_without_counting_the_others() {
    let capture = |number: i64| {
        event(
            &format!("{number}"),
            number,
            [fact(Operation::Capture, &format!("t{number}"), Outcome::Succeeded).usd(1)],
        )
    };
    let told: Vec<CanonicalEvent> = (0..1_000).map(capture).collect();
    let mut order = Tallied::from(fold(&told));
    let kept = std::ptr::from_ref(order.standing(Operation::Capture, "t500").unwrap());
    order.join(Facts::of(&Told::from(&capture(1_000))));
    let still = std::ptr::from_ref(order.standing(Operation::Capture, "t500").unwrap());
    assert!(std::ptr::eq(kept, still));
    assert_eq!(order.derive().captured, 1_001);
}
