use super::*;

/// A round trip each millisecond, each with so many notes, for a while; then the wait before the next one.
fn wait_after(notes: usize) -> Duration {
    let mut now = Instant::now();
    let mut pace = Pace::new(now);
    for _ in 0..30 {
        now += Duration::from_millis(1);
        pace.begin(notes, now);
    }
    pace.next().duration_since(now)
}

#[test]
fn the_first_request_waits_for_nobody() {
    let now = Instant::now();
    assert_eq!(Pace::new(now).next(), now);
}

#[test]
fn a_request_after_a_while_waits_for_nobody() {
    let now = Instant::now();
    let mut pace = Pace::new(now);
    pace.begin(1, now);
    assert!(pace.next() < now + Duration::from_millis(3));
}

#[test]
fn at_part_load_round_trips_are_a_pace_apart() {
    assert_eq!(wait_after(1), PACE);
    assert_eq!(wait_after(19), PACE);
}

#[test]
fn where_very_many_come_nothing_is_waited_for() {
    assert_eq!(wait_after(20), Duration::ZERO);
}

#[test]
fn the_pace_is_kept_again_when_fewer_come() {
    let mut now = Instant::now();
    let mut pace = Pace::new(now);
    now += COUNTED_FOR;
    pace.begin(1_000, now);
    assert_eq!(pace.next(), now);
    now += COUNTED_FOR;
    pace.begin(1, now);
    assert_eq!(pace.next(), now + PACE);
}
