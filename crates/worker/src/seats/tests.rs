use super::*;

fn take(seats: &Seats, names: &[&str], lane: usize) -> Seat {
    seats.take(names.iter().copied(), lane)
}

#[test]
fn an_event_that_shares_a_name_with_one_in_hand_follows_it() {
    let seats = Seats::default();
    let intent = take(&seats, &["order:1", "pi_1"], 0);
    let charge = take(&seats, &["ch_1", "pi_1"], 1);
    let refund = take(&seats, &["re_1", "ch_1"], 1);
    let other = take(&seats, &["pi_2"], 1);

    assert_eq!([intent.lane, charge.lane, refund.lane, other.lane], [0, 0, 0, 1]);
}

#[test]
fn a_name_is_free_again_when_the_last_event_that_has_it_is_gone() {
    let seats = Seats::default();
    let (first, second) = (take(&seats, &["pi_1"], 0), take(&seats, &["pi_1", "order:1"], 0));
    let beside = take(&seats, &["order:1"], 1);
    drop(first);
    assert_eq!(take(&seats, &["pi_1"], 1).lane, 0);
    drop(second);
    assert_eq!([beside.lane, take(&seats, &["pi_1"], 1).lane], [0, 1]);
    drop(beside);
    assert!(seats.taken().is_empty());
}

#[test]
fn names_in_hand_in_two_lanes_stay_where_they_are() {
    let seats = Seats::default();
    let (left, right) = (take(&seats, &["order:1"], 0), take(&seats, &["pi_1"], 1));
    let both = take(&seats, &["pi_1", "order:1"], 0);

    assert_eq!([left.lane, right.lane, both.lane], [0, 1, 1]);
    assert_eq!(take(&seats, &["order:1"], 1).lane, 0);
    drop((left, right, both));
    assert!(seats.taken().is_empty());
}
