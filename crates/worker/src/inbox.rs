//! What was delivered and waits for a lane.
//!
//! A lane that is free takes what waits, so nothing waits for one lane while another has nothing to do. Only what shares a
//! name with something in hand waits for the lane that has it ([`crate::seats`]). While one lane gathers a batch no other is
//! woken: what comes then is the first one's, and two small batches cost more than one large one.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::batch::{Batch, Item};
use crate::seats::Seats;

/// Of all lanes of a session. Unbounded in type, bounded by the prefetch of the channels that fill it.
pub(crate) struct Inbox<T> {
    shelf: Mutex<Shelf<T>>,
    seats: Seats,
    /// By lane.
    bells: Vec<Notify>,
}

struct Shelf<T> {
    /// Whoever is free first may have these. In the order in which they came.
    free: VecDeque<T>,
    /// By lane.
    places: Vec<Place<T>>,
    /// Nothing will come any more.
    closed: bool,
}

/// What is known of a lane.
struct Place<T> {
    /// Only this lane may have these.
    bound: VecDeque<T>,
    /// For how many it waits. None: it works.
    wanted: Option<usize>,
}

impl<T: Item> Inbox<T> {
    /// # Panics
    /// If there are no lanes.
    pub(crate) fn new(lanes: usize, seats: Seats) -> Self {
        assert!(lanes > 0, "somebody must do the work");
        let place = |_| Place { bound: VecDeque::new(), wanted: None };
        let places = (0..lanes).map(place).collect();
        Self {
            shelf: Mutex::new(Shelf { free: VecDeque::new(), places, closed: false }),
            seats,
            bells: (0..lanes).map(|_| Notify::new()).collect(),
        }
    }

    pub(crate) fn put(&self, item: T) {
        let mut shelf = self.shelf();
        shelf.free.push_back(item);
        self.call_one(&shelf);
    }

    /// Nothing will come any more.
    pub(crate) fn close(&self) {
        self.shelf().closed = true;
        self.bells.iter().for_each(Notify::notify_one);
    }

    /// Returns when so many wait that no other lane gathers, or nothing will come any more. Not all of them need be this
    /// lane's.
    pub(crate) async fn wait_for(&self, lane: usize, count: usize) {
        while !self.shelf().has_for(lane, count) {
            self.bells[lane].notified().await;
        }
    }

    /// Moves what this lane may have into its batch. Whether there is room for more.
    pub(crate) fn fill(&self, lane: usize, batch: &mut Batch<T>) -> bool {
        let mut shelf = self.shelf();
        shelf.places[lane].wanted = None;
        while let Some(item) = next(&mut shelf.places[lane].bound, batch) {
            batch.push(item);
        }
        while let Some(mut item) = next(&mut shelf.free, batch) {
            let seat = item.take_seat(&self.seats, lane);
            if seat == lane {
                batch.push(item);
            } else {
                shelf.places[seat].bound.push_back(item);
                self.call(&shelf, seat);
            }
        }
        self.call_one(&shelf);
        shelf.waiting(lane) == 0 && batch.room() > 0
    }

    /// Nothing is left for this lane, and nothing will come.
    pub(crate) fn is_over(&self, lane: usize) -> bool {
        let shelf = self.shelf();
        shelf.closed && shelf.waiting(lane) == 0
    }

    /// Wakes the lane that gathers or else one that has nothing to do, where as much waits as it wants.
    fn call_one(&self, shelf: &Shelf<T>) {
        let lanes = 0..shelf.places.len();
        if let Some(lane) = lanes.max_by_key(|lane| shelf.places[*lane].wanted) {
            self.call(shelf, lane);
        }
    }

    fn call(&self, shelf: &Shelf<T>, lane: usize) {
        let wanted = shelf.places[lane].wanted;
        if wanted.is_some_and(|wanted| shelf.within_reach(lane) >= wanted) {
            self.bells[lane].notify_one();
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf<T>> {
        self.shelf.lock().expect("no holder of this lock can panic")
    }
}

impl<T> Shelf<T> {
    /// Whether a lane need not wait for so many; else it is noted that it does.
    fn has_for(&mut self, lane: usize, count: usize) -> bool {
        let has = self.closed || self.within_reach(lane) >= count;
        self.places[lane].wanted = (!has).then_some(count);
        has
    }

    /// How many a lane may have, unless another one gathers them.
    fn within_reach(&self, lane: usize) -> usize {
        let mut others = self.places.iter().enumerate();
        let gathered = others.any(|(other, place)| other != lane && place.wanted > Some(1));
        if gathered { self.places[lane].bound.len() } else { self.waiting(lane) }
    }

    fn waiting(&self, lane: usize) -> usize {
        self.free.len() + self.places[lane].bound.len()
    }
}

/// The first one, if the batch has room for it.
fn next<T: Item>(queue: &mut VecDeque<T>, batch: &Batch<T>) -> Option<T> {
    queue.pop_front_if(|item| batch.has_room_for(item))
}

#[cfg(test)]
mod tests;
