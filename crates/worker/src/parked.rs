//! Events whose order is locked by somebody else, waiting inside the worker for a moment.
//!
//! The set is capped, and it never counts as part of a batch: one lock that is never released may hold up its own
//! order for as long as the lock lives, but no other (a worker without these two rules stood still once its batch
//! was full of waiting events).

use std::time::{Duration, Instant};

/// An item with the time it has been waiting since.
#[derive(Debug)]
pub(crate) struct Waiting<T> {
    pub(crate) item: T,
    /// When its lock was first found busy; absent: never yet.
    pub(crate) since: Option<Instant>,
    /// How often its lock was found busy.
    pub(crate) tries: u32,
}

/// What waits in one lane.
#[derive(Debug)]
pub(crate) struct Parked<T> {
    entries: Vec<(Instant, Waiting<T>)>,
    max: usize,
    /// The longest that an item waits here.
    wait: Duration,
}

impl<T> Waiting<T> {
    pub(crate) fn fresh(item: T) -> Self {
        Self { item, since: None, tries: 0 }
    }
}

impl<T> Parked<T> {
    pub(crate) fn new(max: usize, wait: Duration) -> Self {
        Self { entries: Vec::new(), max, wait }
    }

    /// Takes an item whose lock was busy, to be tried again after `pause`.
    ///
    /// # Errors
    /// Gives the item back where it has waited long enough or the set is full: it must wait elsewhere.
    pub(crate) fn park(
        &mut self,
        waiting: Waiting<T>,
        pause: Duration,
        now: Instant,
    ) -> Result<(), T> {
        let since = waiting.since.unwrap_or(now);
        if self.entries.len() >= self.max || now.saturating_duration_since(since) >= self.wait {
            return Err(waiting.item);
        }
        let again = Waiting { item: waiting.item, since: Some(since), tries: waiting.tries + 1 };
        self.entries.push((now + pause, again));
        Ok(())
    }

    /// When the next item is to be tried.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.entries.iter().map(|(due, _)| *due).min()
    }

    /// Takes out what is to be tried now, in the order it came.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<Waiting<T>> {
        self.entries
            .extract_if(.., |(due, _)| *due <= now)
            .map(|(_, waiting)| waiting)
            .collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests;
