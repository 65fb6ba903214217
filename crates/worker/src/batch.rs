//! What is committed together, and how large that may be.

use crate::seats::Seats;

/// From this many deliveries on a message is suspected to take workers down: it goes into smaller batches.
const FRAIL_FROM: u32 = 3;
/// From this many on it is handled alone, by the suspects' consumer.
pub(crate) const SUSPECT_FROM: u32 = 6;

/// What a lane must know of an item.
pub(crate) trait Item {
    /// How often the broker delivered it before.
    fn delivery_count(&self) -> u32;

    /// Takes its place in this lane, or in the one that it must go to, and says in which.
    fn take_seat(&mut self, seats: &Seats, lane: usize) -> usize;
}

/// Items that are to be committed together.
pub(crate) struct Batch<T> {
    items: Vec<T>,
    max: usize,
    /// How many it may hold, for the frailest that it holds.
    limit: usize,
}

impl<T: Item> Batch<T> {
    pub(crate) fn new(max: usize) -> Self {
        Self { items: Vec::new(), max, limit: max }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn room(&self) -> usize {
        self.limit.saturating_sub(self.items.len())
    }

    pub(crate) fn has_room_for(&self, item: &T) -> bool {
        self.items.len() < self.limit_with(item)
    }

    pub(crate) fn push(&mut self, item: T) {
        self.limit = self.limit_with(&item);
        self.items.push(item);
    }

    pub(crate) fn into_items(self) -> Vec<T> {
        self.items
    }

    fn limit_with(&self, item: &T) -> usize {
        self.limit.min(limit(self.max, item.delivery_count()))
    }
}

/// How large a batch may be that holds a message delivered that often before: half for each delivery from the third
/// on, so that a message that takes the worker down takes fewer neighbours with it each time.
fn limit(max: usize, delivery_count: u32) -> usize {
    let halvings = (delivery_count + 1)
        .saturating_sub(FRAIL_FROM)
        .min(usize::BITS - 1);
    (max >> halvings).max(1)
}

#[cfg(test)]
mod tests;
