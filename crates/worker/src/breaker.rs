//! Pauses consumption while the database or the broker is away.
//!
//! Opening it ends the session: its deliveries go back to the broker once, by closing the channels. Nothing is taken
//! until a write succeeds. Every giving back is one of a message's 51 deliveries, so the breaker stays open for a
//! while at least, and longer each time an outage comes back soon (DESIGN.md, section 4).

use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use waybill_common::config;

/// Whether deliveries may be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Closed,
    /// Not before `until`, and not before a probe succeeds.
    Open {
        until: Instant,
    },
}

/// Shared by all lanes of a worker.
#[derive(Debug)]
pub(crate) struct Breaker {
    state: watch::Sender<State>,
    pacing: Mutex<Pacing>,
}

/// How long to stay open. Pure, so that it can be tested without waiting.
#[derive(Clone, Debug)]
struct Pacing {
    min: Duration,
    max: Duration,
    open_for: Duration,
    closed_at: Option<Instant>,
}

impl Breaker {
    pub(crate) fn new(worker: &config::Worker) -> Self {
        let min = Duration::from_millis(worker.breaker_open_min_ms);
        let max = Duration::from_millis(worker.breaker_open_max_ms);
        Self { state: watch::Sender::new(State::Closed), pacing: Mutex::new(Pacing::new(min, max)) }
    }

    /// Opens it; says so once, however many lanes notice the same outage.
    pub(crate) fn trip(&self, cause: &anyhow::Error, now: Instant) {
        self.state.send_if_modified(|state| {
            if *state != State::Closed {
                return false;
            }
            let open_for = self.pacing().tripped(now);
            tracing::error!(
                cause = format!("{cause:#}"),
                open_ms = open_for.as_millis(),
                "an outage: consumption pauses, and what was taken is given back"
            );
            *state = State::Open { until: now + open_for };
            true
        });
    }

    /// A probe failed: open for another while.
    pub(crate) fn still_away(&self, now: Instant) {
        let until = now + self.pacing().min;
        self.state.send_replace(State::Open { until });
    }

    /// A probe succeeded.
    pub(crate) fn close(&self, now: Instant) {
        self.pacing().closed(now);
        self.state.send_replace(State::Closed);
        tracing::info!("the outage is over: consumption goes on");
    }

    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.state.borrow() != State::Closed
    }

    /// Waits until it opens.
    pub(crate) async fn opened(&self) {
        let mut state = self.state.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        drop(state.wait_for(|state| *state != State::Closed).await);
    }

    fn pacing(&self) -> std::sync::MutexGuard<'_, Pacing> {
        self.pacing
            .lock()
            .expect("no holder of this lock can panic")
    }
}

impl Pacing {
    fn new(min: Duration, max: Duration) -> Self {
        Self { min, max, open_for: min, closed_at: None }
    }

    /// How long to stay open now: the least, or twice the last time where the outage came back sooner than it had
    /// lasted.
    fn tripped(&mut self, now: Instant) -> Duration {
        let calm = self
            .closed_at
            .is_none_or(|at| now.saturating_duration_since(at) >= self.open_for);
        self.open_for = if calm { self.min } else { (self.open_for * 2).min(self.max) };
        self.open_for
    }

    fn closed(&mut self, now: Instant) {
        self.closed_at = Some(now);
    }
}

#[cfg(test)]
mod tests;
