use super::*;

fn take(seats: &Seats, names: &[&str], otherwise: usize) -> Seat {
    seats.take(names.iter().copied(), otherwise)
}

#[test]
fn an_event_that_shares_a_name_with_one_in_hand_follows_it() {
    let seats = Seats::default();
    let intent = take(&seats, &["order:1", "pi_1"], 0);
    let charge = take(&seats, &["ch_1", "pi_1"], 1);
    let refund = take(&seats, &["re_1", "ch_1"], 1);

    assert_eq!([intent.lane, charge.lane, refund.lane], [0, 0, 0]);
    assert_eq!(take(&seats, &["order:2", "pi_2"], 1).lane, 1);
}

#[test]
fn a_name_is_free_again_when_the_last_event_that_has_it_is_gone() {
    let seats = Seats::default();
    let (first, second) = (take(&seats, &["pi_1"], 0), take(&seats, &["pi_1"], 1));
    drop(first);
    assert_eq!(take(&seats, &["pi_1"], 1).lane, 0);
    drop(second);
    assert_eq!(take(&seats, &["pi_1"], 1).lane, 1);
    assert!(seats.taken().is_empty());
}

#[test]
fn names_in_hand_in_two_lanes_stay_where_they_are() {
    let seats = Seats::default();
    let (left, right) = (take(&seats, &["order:1"], 0), take(&seats, &["pi_1"], 1));
    let both = take(&seats, &["pi_1", "order:1"], 0);

    assert_eq!(both.lane, 1);
    assert_eq!(take(&seats, &["order:1"], 1).lane, 0);
    drop((left, right, both));
    assert!(seats.taken().is_empty());
}

#[test]
fn an_event_without_a_name_goes_where_it_is_told() {
    assert_eq!(take(&Seats::default(), &[], 1).lane, 1);
}
