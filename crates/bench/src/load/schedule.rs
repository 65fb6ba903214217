//! When each request of an open loop is due.

use std::time::{Duration, Instant};

/// So many requests, evenly spaced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Schedule {
    pub(crate) per_second: f64,
    pub(crate) count: usize,
}

impl Schedule {
    pub(crate) fn lasting(per_second: f64, lasts: Duration) -> Self {
        let count = (per_second * lasts.as_secs_f64()).ceil().max(1.0);
        Self { per_second, count: count as usize }
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
