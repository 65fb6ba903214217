//! Which lane an event goes to.
//!
//! Two lanes that want one order's lock wait for each other in steps of many milliseconds. Senders name an order differently
//! in each event (a charge knows its payment intent, not the merchant's order), so an event that shares a name with one in
//! hand follows it. Any other is free to go anywhere, and goes where the least is in hand: an order that has half of all
//! events keeps one lane busy, and the rest must not wait behind it while the other lane has nothing to do.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex, MutexGuard};

/// What is in hand, and where. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Seats {
    taken: Arc<Mutex<Places>>,
    hasher: RandomState,
}

/// One event's place in a lane; it and its names are free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    names: Vec<u64>,
    pub(crate) lane: usize,
}

#[derive(Debug)]
struct Places {
    /// By hash: two names of one hash only share a lane.
    names: HashMap<u64, Holder>,
    /// Events in hand, by lane.
    lanes: Vec<usize>,
}

/// Where a name is in hand, and by how many events.
#[derive(Debug)]
struct Holder {
    lane: usize,
    events: usize,
}

impl Seats {
    /// # Panics
    /// If there are no lanes.
    pub(crate) fn of(lanes: usize) -> Self {
        assert!(lanes > 0, "somebody must do the work");
        let places = Places { names: HashMap::new(), lanes: vec![0; lanes] };
        Self { taken: Arc::new(Mutex::new(places)), hasher: RandomState::new() }
    }

    /// A place for an event that knows its order by these names: beside an event in hand that shares one, or else in the
    /// lane that has the least in hand. Where its names are in hand in several lanes, the first decides, and the lock has
    /// to do the rest.
    pub(crate) fn take<'a>(&self, names: impl Iterator<Item = &'a str>) -> Seat {
        let names: Vec<u64> = names.map(|name| self.hasher.hash_one(name)).collect();
        let lane = self.taken().seat(&names);
        Seat { seats: self.clone(), names, lane }
    }

    fn taken(&self) -> MutexGuard<'_, Places> {
        self.taken.lock().expect("no holder of this lock can panic")
    }
}

impl Places {
    fn seat(&mut self, names: &[u64]) -> usize {
        let beside = names.iter().find_map(|name| self.names.get(name));
        let lane = beside.map_or_else(|| self.emptiest(), |beside| beside.lane);
        for name in names {
            self.names
                .entry(*name)
                .or_insert(Holder { lane, events: 0 })
                .events += 1;
        }
        self.lanes[lane] += 1;
        lane
    }

    fn emptiest(&self) -> usize {
        (0..self.lanes.len())
            .min_by_key(|lane| self.lanes[*lane])
            .expect("there is a lane")
    }

    fn leave(&mut self, names: &[u64], lane: usize) {
        for name in names {
            if let Some(held) = self.names.get_mut(name) {
                held.events -= 1;
                if held.events == 0 {
                    self.names.remove(name);
                }
            }
        }
        self.lanes[lane] -= 1;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().leave(&self.names, self.lane);
    }
}

#[cfg(test)]
mod tests;
