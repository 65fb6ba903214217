//! When the clerk speaks to Redis again.
//!
//! At part load nearly every request would have a round trip of its own, and each wakes three threads and a process. Where the
//! last round trip was a moment ago the next one waits, so that several requests share it; and since they are answered
//! together they publish together, the broker flushes its log once for all of them and confirms them at once. A request
//! that comes alone waits for nobody, and where very many come they share round trips by themselves.

use std::time::Duration;

use tokio::time::Instant;

/// Between the beginnings of two round trips.
const PACE: Duration = Duration::from_millis(2);
/// From so many notes in the time of a pace on nothing is waited for.
const ENOUGH: u128 = 40;
/// For so long they are counted.
const COUNTED_FOR: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Pace {
    next: Instant,
    counted_since: Instant,
    counted: usize,
    enough: bool,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { next: now, counted_since: now, counted: 0, enough: false }
    }

    /// When the next round trip may begin.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// One begins, with so many notes.
    pub(super) fn begin(&mut self, notes: usize, now: Instant) {
        self.counted += notes;
        let counted_for = now.duration_since(self.counted_since);
        if counted_for >= COUNTED_FOR {
            self.enough =
                self.counted as u128 * PACE.as_micros() >= ENOUGH * counted_for.as_micros();
            (self.counted, self.counted_since) = (0, now);
        }
        self.next = if self.enough { now } else { now + PACE };
    }
}

#[cfg(test)]
mod tests;
