use super::*;

const FIRST: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_secs(1);

fn longest(of: impl Iterator<Item = Duration>) -> Duration {
    of.max().unwrap()
}

#[test]
fn the_bound_doubles_up_to_the_greatest_and_stays() {
    let many = || (0..200).map(|_| FullJitter::new(FIRST, MOST));
    let nth =
        |n| longest(many().map(|mut waits| (0..=n).map(|_| waits.next_wait()).last().unwrap()));
    assert!(nth(0) <= FIRST + Duration::from_nanos(1));
    assert!(nth(1) > FIRST, "the second wait may be longer than the first bound");
    assert!(nth(30) <= MOST + Duration::from_nanos(1));
    assert!(nth(30) > MOST / 2, "after many failures it waits long");
}

#[test]
fn the_whole_range_down_to_zero_is_used() {
    let shortest = (0..200)
        .map(|_| FullJitter::new(FIRST, MOST).next_wait())
        .min()
        .unwrap();
    assert!(shortest < FIRST / 10);
}

#[test]
fn a_success_starts_from_the_shortest_wait() {
    let mut waits = FullJitter::new(FIRST, MOST);
    for _ in 0..10 {
        waits.next_wait();
    }
    waits.reset();
    assert!(waits.next_wait() <= FIRST + Duration::from_nanos(1));
}
