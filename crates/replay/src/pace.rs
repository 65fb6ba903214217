//! How fast letters go.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

/// Lets letters through one by one and evenly. Time that was lost is not made up for: there is never a burst.
pub(crate) struct Pace(Interval);

impl Pace {
    /// At most `rate` letters in a second; at least one.
    pub(crate) fn new(rate: u32) -> Self {
        let mut turns = interval(Duration::from_secs(1) / rate.max(1));
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(turns)
    }

    /// Waits for the next one's turn.
    pub(crate) async fn turn(&mut self) {
        self.0.tick().await;
    }
}

#[cfg(test)]
mod tests;
