use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

fn check(ledger: &mut Ledger<u64>, tags: &[u64], through: Option<u64>, singly: &[u64]) {
    let plan = ledger.finish(named(tags));
    assert_eq!((plan.through.last().copied(), &*plan.singly), (through, singly));
}

/// Each tag with itself.
fn named(tags: &[u64]) -> impl Iterator<Item = (u64, u64)> {
    tags.iter().map(|tag| (*tag, *tag))
}

#[test]
fn what_finishes_in_order_is_acknowledged_at_once() {
    let mut ledger = Ledger::default();
    check(&mut ledger, &[1, 2, 3], Some(3), &[]);
    check(&mut ledger, &[5, 4], Some(5), &[]);
}

#[test]
fn what_overtakes_waits_for_the_rest() {
    let mut ledger = Ledger::with_patience(2);
    check(&mut ledger, &[2, 4], None, &[]);
    check(&mut ledger, &[1], Some(2), &[]);
    check(&mut ledger, &[3], Some(4), &[]);
}

#[test]
fn when_too_many_wait_they_are_acknowledged_each_by_itself() {
    let mut ledger = Ledger::with_patience(2);
    check(&mut ledger, &[3, 5], None, &[]);
    check(&mut ledger, &[6], None, &[3, 5, 6]);
    check(&mut ledger, &[1, 7], Some(1), &[]);
    check(&mut ledger, &[2, 4], Some(7), &[]);
}

#[test]
fn what_waits_at_the_end_is_acknowledged_each_by_itself() {
    let mut ledger = Ledger::with_patience(2);
    check(&mut ledger, &[2, 4], None, &[]);
    assert_eq!(ledger.rest(), [2, 4]);
    assert!(ledger.rest().is_empty());
    check(&mut ledger, &[1], Some(1), &[]);
}

#[test]
fn without_patience_what_overtakes_is_acknowledged_by_itself() {
    let mut ledger = Ledger::default();
    check(&mut ledger, &[2, 4], None, &[2, 4]);
    // 2 is acknowledged already; naming it again would close the channel, so 1 stands for itself.
    check(&mut ledger, &[1], Some(1), &[]);
    check(&mut ledger, &[3, 6], Some(3), &[6]);
    check(&mut ledger, &[5, 7], Some(7), &[]);
}

#[test]
fn a_tag_is_never_acknowledged_twice() {
    let mut ledger = Ledger::default();
    check(&mut ledger, &[1, 3], Some(1), &[3]);
    check(&mut ledger, &[1, 3], None, &[]);
}

proptest! {
    /// A broker that keeps what is unacknowledged and refuses what it does not know, as RabbitMQ does.
    #[test]
    fn any_order_acknowledges_each_finished_tag_once_in_the_end_and_no_other(
        batches in prop::collection::vec(prop::collection::vec(any::<Index>(), 0..8), 0..40),
        count in 1_u64..60,
        patience in 0_usize..6,
    ) {
        let mut ledger = Ledger::with_patience(patience);
        let mut unfinished: Vec<u64> = (1..=count).collect();
        let mut unacknowledged: HashSet<u64> = unfinished.iter().copied().collect();
        for batch in batches {
            let mut tags = Vec::new();
            for index in batch {
                if !unfinished.is_empty() {
                    tags.push(unfinished.swap_remove(index.index(unfinished.len())));
                }
            }
            let plan = ledger.finish(named(&tags));
            if let Some(&through) = plan.through.last() {
                prop_assert!(unacknowledged.contains(&through), "the broker does not know {through}");
                unacknowledged.retain(|&tag| tag > through);
            }
            for tag in plan.singly {
                prop_assert!(unacknowledged.remove(&tag), "the broker does not know {tag}");
            }
            let unfinished: HashSet<u64> = unfinished.iter().copied().collect();
            prop_assert!(unacknowledged.is_superset(&unfinished));
            prop_assert!(unacknowledged.len() <= unfinished.len() + patience);
        }
        for tag in ledger.rest() {
            prop_assert!(unacknowledged.remove(&tag), "the broker does not know {tag}");
        }
        prop_assert_eq!(unacknowledged, unfinished.into_iter().collect());
    }
}
