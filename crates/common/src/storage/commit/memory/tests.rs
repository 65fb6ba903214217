use super::*;
use crate::domain::{Facts, Reference, Timestamp};

fn ledger(number: u128, names: usize) -> Ledger {
    let mut ledger =
        Ledger::new(Uuid::from_u128(number), "default", Timestamp::from_seconds(0).unwrap());
    let mut facts = Facts::default();
    facts.part([], (0..names).map(|name| Reference::order(&name.to_string())));
    ledger.facts = facts.into();
    ledger
}

/// What is left of orders that were kept one after another, each with its size.
#[track_caller]
fn check(kept: &[(u128, usize)], expected: &[(u128, usize)]) {
    let memory = Memory::for_sizes(2..=10);
    for &(number, size) in kept {
        memory.keep(vec![ledger(number, size)]);
    }
    let asked: Vec<Uuid> = kept
        .iter()
        .map(|(number, _)| Uuid::from_u128(*number))
        .collect();
    let left: Vec<(u128, usize)> = memory
        .take(&asked)
        .iter()
        .map(|known| (known.id.as_u128(), known.facts.size()))
        .collect();
    assert_eq!(left, expected);
    assert_eq!(memory.take(&asked), [], "whoever takes it has it alone");
}

#[test]
fn the_orders_used_last_are_remembered_as_far_as_there_is_room() {
    check(&[(1, 5), (2, 5)], &[(1, 5), (2, 5)]);
    check(&[(1, 5), (2, 5), (3, 2)], &[(2, 5), (3, 2)]);
    check(&[(1, 5), (2, 5), (1, 6)], &[(1, 6)]);
    check(&[(1, 5), (2, 2), (1, 6)], &[(2, 2), (1, 6)]);
}

#[test]
fn what_is_small_or_too_large_is_not_remembered() {
    check(&[(1, 1), (2, 2), (3, 11)], &[(2, 2)]);
}

#[test]
fn what_grew_too_large_is_not_remembered_as_it_was() {
    check(&[(1, 10), (1, 11)], &[]);
}

#[test]
fn an_order_that_became_part_of_another_is_not_remembered() {
    let memory = Memory::for_sizes(0..=10);
    let mut absorbed = ledger(1, 5);
    absorbed.absorbed_into = Some(Uuid::from_u128(9));
    memory.keep(vec![absorbed]);
    assert_eq!(memory.take(&[Uuid::from_u128(1)]), []);
}

#[test]
fn an_order_is_remembered_as_the_version_that_was_written() {
    let memory = Memory::default();
    let mut order = ledger(1, 100);
    (order.version, order.head_hash) = (6, [7; 32]);
    memory.keep(vec![order]);
    let [known] = memory
        .take(&[Uuid::from_u128(1)])
        .try_into()
        .expect("one order");
    assert_eq!((known.version, known.head_hash), (7, [7; 32]));
}
