use std::pin::Pin;

use futures_util::FutureExt as _;

use super::*;
use crate::seats::Seat;

/// An event that knows its order by one name.
struct Event {
    name: &'static str,
    seat: Option<Seat>,
}

impl Item for Event {
    fn delivery_count(&self) -> u32 {
        0
    }

    fn take_seat(&mut self, seats: &Seats, lane: usize) -> usize {
        let seat = seats.take([self.name].into_iter(), lane);
        self.seat.insert(seat).lane
    }
}

fn inbox(lanes: usize, names: &[&'static str]) -> Inbox<Event> {
    let inbox = Inbox::new(lanes, Seats::default());
    put(&inbox, names);
    inbox
}

fn put(inbox: &Inbox<Event>, names: &[&'static str]) {
    for name in names {
        inbox.put(Event { name, seat: None });
    }
}

/// What a lane takes into a batch of at most so many.
fn taken(inbox: &Inbox<Event>, lane: usize, max: usize) -> Vec<Event> {
    let mut batch = Batch::new(max);
    inbox.fill(lane, &mut batch);
    batch.into_items()
}

/// A lane that waits for so many.
fn waiting(inbox: &Inbox<Event>, lane: usize, count: usize) -> Pin<Box<impl Future<Output = ()>>> {
    let mut waiting = Box::pin(inbox.wait_for(lane, count));
    assert!(waiting.as_mut().now_or_never().is_none());
    waiting
}

fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.name).collect()
}

#[test]
fn whoever_is_free_takes_what_waits_in_the_order_in_which_it_came() {
    let inbox = inbox(2, &["a", "b", "c"]);
    let first = taken(&inbox, 1, 2);
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(names(&taken(&inbox, 0, 2)), ["c"]);
}

#[test]
fn what_shares_a_name_with_something_in_hand_waits_for_the_lane_that_has_it() {
    let inbox = inbox(2, &["hot"]);
    let hot = taken(&inbox, 0, 9);
    put(&inbox, &["hot", "a", "hot"]);
    assert_eq!(names(&taken(&inbox, 1, 9)), ["a"]);
    put(&inbox, &["b"]);
    assert_eq!(names(&taken(&inbox, 0, 9)), ["hot", "hot", "b"]);
    drop(hot);
}

#[test]
fn a_lane_that_has_nothing_to_do_is_called_when_something_comes() {
    let inbox = inbox(2, &[]);
    let waiting = waiting(&inbox, 1, 1);
    put(&inbox, &["a"]);
    assert!(waiting.now_or_never().is_some());
}

#[test]
fn nobody_is_called_while_another_lane_gathers() {
    let inbox = inbox(2, &[]);
    let (mut idle, gathering) = (waiting(&inbox, 0, 1), waiting(&inbox, 1, 2));
    put(&inbox, &["a"]);
    assert!(idle.as_mut().now_or_never().is_none());
    put(&inbox, &["b"]);
    assert!(gathering.now_or_never().is_some());
}

#[test]
fn what_another_lane_gathers_is_left_to_it() {
    let inbox = inbox(2, &[]);
    let _gathering = waiting(&inbox, 1, 9);
    put(&inbox, &["a", "b"]);
    let free = waiting(&inbox, 0, 1);
    assert_eq!(names(&taken(&inbox, 1, 9)), ["a", "b"]);
    put(&inbox, &["c"]);
    assert!(free.now_or_never().is_some());
}

#[test]
fn what_one_lane_leaves_calls_the_other() {
    let inbox = inbox(2, &[]);
    let (idle, _gathering) = (waiting(&inbox, 0, 1), waiting(&inbox, 1, 9));
    put(&inbox, &["a", "b"]);
    assert_eq!(names(&taken(&inbox, 1, 1)), ["a"]);
    assert!(idle.now_or_never().is_some());
}

#[test]
fn what_a_lane_finds_for_another_calls_that_one() {
    let inbox = inbox(2, &["hot"]);
    let hot = taken(&inbox, 0, 9);
    let idle = waiting(&inbox, 0, 1);
    put(&inbox, &["hot"]);
    assert!(taken(&inbox, 1, 9).is_empty());
    assert!(idle.now_or_never().is_some());
    drop(hot);
}

#[test]
fn it_is_over_when_it_is_closed_and_nothing_is_left() {
    let inbox = inbox(2, &["a"]);
    let waiting = inbox.wait_for(0, 9);
    inbox.close();
    assert!(waiting.now_or_never().is_some());
    assert!(!inbox.is_over(0));
    drop(taken(&inbox, 0, 9));
    assert!(inbox.is_over(0) && inbox.is_over(1));
}
