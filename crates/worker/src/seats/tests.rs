use super::*;

fn take(seats: &Seats, names: &[&str]) -> Seat {
    seats.take(names.iter().copied())
}

fn is_empty(seats: &Seats) -> bool {
    let taken = seats.taken();
    taken.names.is_empty() && taken.lanes.iter().all(|events| *events == 0)
}

#[test]
fn an_event_that_shares_a_name_with_one_in_hand_follows_it() {
    let seats = Seats::of(2);
    let intent = take(&seats, &["order:1", "pi_1"]);
    let charge = take(&seats, &["ch_1", "pi_1"]);
    let refund = take(&seats, &["re_1", "ch_1"]);

    assert_eq!([intent.lane, charge.lane, refund.lane], [0, 0, 0]);
}

#[test]
fn an_event_that_shares_no_name_goes_where_the_least_is_in_hand() {
    let seats = Seats::of(3);
    let busy: Vec<Seat> = (0..4).map(|_| take(&seats, &["hot"])).collect();
    let others: Vec<Seat> = ["a", "b", "c", "d"]
        .iter()
        .map(|name| take(&seats, &[name]))
        .collect();
    let lanes = |seats: &[Seat]| seats.iter().map(|seat| seat.lane).collect::<Vec<_>>();

    assert_eq!((lanes(&busy), lanes(&others)), (vec![0; 4], vec![1, 2, 1, 2]));
    drop(busy);
    assert_eq!(take(&seats, &[]).lane, 0);
}

#[test]
fn a_name_is_free_again_when_the_last_event_that_has_it_is_gone() {
    let seats = Seats::of(2);
    let (first, second) = (take(&seats, &["pi_1"]), take(&seats, &["pi_1", "order:1"]));
    let beside = take(&seats, &["order:1"]);
    drop(first);
    assert_eq!(take(&seats, &["pi_1"]).lane, 0);
    drop(second);
    assert_eq!([beside.lane, take(&seats, &["pi_1"]).lane], [0, 1]);
    drop(beside);
    assert!(is_empty(&seats));
}

#[test]
fn names_in_hand_in_two_lanes_stay_where_they_are() {
    let seats = Seats::of(2);
    let (left, right) = (take(&seats, &["order:1"]), take(&seats, &["pi_1"]));
    let both = take(&seats, &["pi_1", "order:1"]);

    assert_eq!([left.lane, right.lane, both.lane], [0, 1, 1]);
    assert_eq!(take(&seats, &["order:1"]).lane, 0);
    drop((left, right, both));
    assert!(is_empty(&seats));
}
