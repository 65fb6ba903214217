use super::*;

const MERCHANT: bool = true;
const PROVISIONAL: bool = false;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

#[track_caller]
fn check(targets: &[(u128, bool)], new_merchant: bool, expected: &Reach<'_>) {
    let by = Reference::order("A-1");
    let targets: Vec<Target<'_>> = targets
        .iter()
        .map(|&(number, is_merchants)| Target { id: id(number), is_merchants, by: &by })
        .collect();
    let reached = reach(&targets, new_merchant);
    match (expected, &reached) {
        (Reach::Torn { .. }, Reach::Torn { involved }) => assert_eq!(*involved, targets),
        _ => assert_eq!(reached, *expected),
    }
}

#[test]
fn unknown_names_make_an_order() {
    check(&[], true, &Reach::New);
    check(&[], false, &Reach::New);
}

#[test]
fn one_known_name_is_enough() {
    check(&[(1, MERCHANT)], false, &Reach::One(id(1)));
    check(&[(1, PROVISIONAL)], false, &Reach::One(id(1)));
}

#[test]
fn a_provisional_order_takes_the_merchants_name() {
    check(&[(1, PROVISIONAL)], true, &Reach::One(id(1)));
}

#[test]
fn the_merchants_order_absorbs_whatever_the_ids_say() {
    let expected = Reach::Several { absorbing: id(9), absorbed: vec![id(1), id(3)] };
    check(&[(3, PROVISIONAL), (9, MERCHANT), (1, PROVISIONAL)], false, &expected);
}

#[test]
fn of_provisional_orders_the_smallest_id_absorbs() {
    let expected = Reach::Several { absorbing: id(2), absorbed: vec![id(5)] };
    check(&[(5, PROVISIONAL), (2, PROVISIONAL)], false, &expected);
    check(&[(5, PROVISIONAL), (2, PROVISIONAL)], true, &expected);
}

#[test]
fn two_orders_of_the_merchant_are_never_merged() {
    let torn = Reach::Torn { involved: Vec::new() };
    check(&[(1, MERCHANT), (2, MERCHANT)], false, &torn);
    check(&[(1, MERCHANT)], true, &torn);
    check(&[(1, MERCHANT), (2, PROVISIONAL)], true, &torn);
}
