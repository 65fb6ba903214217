//! Which lane an event must go to.
//!
//! Two lanes that want one order's lock wait for each other in steps of many milliseconds. Senders name an order differently
//! in each event (a charge knows its payment intent, not the merchant's order), so an event that shares a name with one in
//! hand follows it. Any other is free to go anywhere.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex, MutexGuard};

/// What is in hand, and where. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seats {
    /// By hash: two names of one hash only share a lane.
    taken: Arc<Mutex<HashMap<u64, Holder>>>,
    hasher: RandomState,
}

/// One event's place in a lane; its names are free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    names: Vec<u64>,
    pub(crate) lane: usize,
}

/// Where a name is in hand, and by how many events.
#[derive(Debug)]
struct Holder {
    lane: usize,
    events: usize,
}

impl Seats {
    /// A place for an event that knows its order by these names: in `lane`, unless an event in hand elsewhere shares one.
    /// Where its names are in hand in several lanes, the first decides, and the lock has to do the rest.
    pub(crate) fn take<'a>(&self, names: impl Iterator<Item = &'a str>, lane: usize) -> Seat {
        let names: Vec<u64> = names.map(|name| self.hasher.hash_one(name)).collect();
        let mut taken = self.taken();
        let beside = names.iter().find_map(|name| taken.get(name));
        let lane = beside.map_or(lane, |beside| beside.lane);
        for name in &names {
            let holder = taken.entry(*name).or_insert(Holder { lane, events: 0 });
            holder.events += 1;
        }
        drop(taken);
        Seat { seats: self.clone(), names, lane }
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<u64, Holder>> {
        self.taken.lock().expect("no holder of this lock can panic")
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        for name in &self.names {
            if let Entry::Occupied(mut held) = taken.entry(*name) {
                held.get_mut().events -= 1;
                if held.get().events == 0 {
                    held.remove();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
