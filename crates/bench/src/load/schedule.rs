//! When each request of an open loop is due.

use std::time::{Duration, Instant};

/// Of the same load, before anything is timed: a program that has just been started opens connections, plans statements and
/// reads catalogues, once.
const WARM_UP: Duration = Duration::from_secs(2);

/// So many requests, evenly spaced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Schedule {
    pub(crate) per_second: f64,
    /// The first of them, which are not timed.
    pub(crate) warm_up: usize,
    /// All of them.
    pub(crate) count: usize,
}

impl Schedule {
    /// Timed for so long, after the warm-up.
    pub(crate) fn lasting(per_second: f64, lasts: Duration) -> Self {
        let timed = (per_second * lasts.as_secs_f64()).ceil().max(1.0) as usize;
        let warm_up = (per_second * WARM_UP.as_secs_f64()) as usize;
        Self { per_second, warm_up, count: warm_up + timed }
    }

    /// After the start.
    pub(crate) fn due(&self, index: usize) -> Duration {
        Duration::from_secs_f64(index as f64 / self.per_second)
    }

    /// Calls `release` once for each request when it is due, and at once for those that are late.
    pub(crate) fn pace(&self, began: Instant, mut release: impl FnMut()) {
        for index in 0..self.count {
            let due = began + self.due(index);
            loop {
                let left = due.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                std::thread::park_timeout(left);
            }
            release();
        }
    }
}
