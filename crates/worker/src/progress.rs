//! Whether the worker still moves: what liveness and the age of the oldest delivery are told from.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use waybill_common::domain::Timestamp;

/// A supervisor should start the worker again after so long without progress while messages wait. Longer than any outage
/// that the breaker has not noticed could last.
const STUCK_AFTER: Duration = Duration::from_secs(15 * 60);

/// Clones share one state.
#[derive(Clone, Debug)]
pub(crate) struct Progress(Arc<Mutex<State>>);

/// One event in hand; it has left when this is dropped, whatever became of it.
#[derive(Debug)]
pub(crate) struct InHand {
    progress: Progress,
    received_at: Timestamp,
    passage: Passage,
}

#[derive(Debug)]
struct State {
    moved_at: Instant,
    /// When what is in hand was received by ingest, with how many were received then.
    in_hand: BTreeMap<Timestamp, usize>,
    /// The same of what came straight from ingest.
    fresh: BTreeMap<Timestamp, usize>,
}

/// How an event came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// Straight from ingest: its age tells how much waits.
    Straight,
    /// By way of a delay or a replay: its age is of our own making.
    Detour,
}

impl Progress {
    pub(crate) fn new(now: Instant) -> Self {
        Self(Arc::new(Mutex::new(State {
            moved_at: now,
            in_hand: BTreeMap::new(),
            fresh: BTreeMap::new(),
        })))
    }

    /// Something was taken or settled, or there is a good reason to stand still.
    pub(crate) fn moved(&self, now: Instant) {
        self.state().moved_at = now;
    }

    pub(crate) fn take(&self, received_at: Timestamp, passage: Passage) -> InHand {
        let mut state = self.state();
        *state.in_hand.entry(received_at).or_default() += 1;
        if passage == Passage::Straight {
            *state.fresh.entry(received_at).or_default() += 1;
        }
        drop(state);
        InHand { progress: self.clone(), received_at, passage }
    }

    fn left(&self, received_at: Timestamp, passage: Passage) {
        let mut state = self.state();
        one_less(&mut state.in_hand, received_at);
        if passage == Passage::Straight {
            one_less(&mut state.fresh, received_at);
        }
    }

    /// When the oldest event in hand was received, of those that came straight from ingest.
    pub(crate) fn oldest_straight(&self) -> Option<Timestamp> {
        self.state()
            .fresh
            .first_key_value()
            .map(|(received_at, _)| *received_at)
    }

    /// When the oldest event in hand was received.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.state()
            .in_hand
            .first_key_value()
            .map(|(received_at, _)| *received_at)
    }

    /// How long nothing moved, where that is too long while `ready` messages wait.
    pub(crate) fn stuck(&self, ready: u64, now: Instant) -> Option<Duration> {
        let still = now.saturating_duration_since(self.state().moved_at);
        (ready > 0 && still >= STUCK_AFTER).then_some(still)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder of this lock can panic")
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.progress.left(self.received_at, self.passage);
    }
}

fn one_less(held: &mut BTreeMap<Timestamp, usize>, received_at: Timestamp) {
    if let Some(count) = held.get_mut(&received_at) {
        *count -= 1;
        if *count == 0 {
            held.remove(&received_at);
        }
    }
}

#[cfg(test)]
mod tests;
