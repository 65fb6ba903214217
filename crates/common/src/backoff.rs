//! Waiting between tries: the one file that uses the `backoff` crate (docs/adr/0001-backoff.md).

use std::time::Duration;

use backoff::ExponentialBackoffBuilder;
use backoff::backoff::Backoff as _;

/// Full jitter: each wait is drawn evenly from zero to a bound that doubles from `first` to `most`. What failed
/// together then does not come back together. Never ends by itself.
#[derive(Debug)]
pub struct FullJitter(backoff::ExponentialBackoff);

impl FullJitter {
    #[must_use]
    pub fn new(first: Duration, most: Duration) -> Self {
        // The crate draws from interval × (1 ± factor): with a factor of 1, from zero to twice the interval.
        let policy = ExponentialBackoffBuilder::new()
            .with_initial_interval(first / 2)
            .with_max_interval(most / 2)
            .with_randomization_factor(1.0)
            .with_multiplier(2.0)
            .with_max_elapsed_time(None)
            .build();
        Self(policy)
    }

    /// How long to wait now.
    pub fn next_wait(&mut self) -> Duration {
        self.0
            .next_backoff()
            .expect("without a greatest elapsed time it never ends")
    }

    /// After a success: the next failure starts from the shortest wait.
    pub fn reset(&mut self) {
        self.0.reset();
    }
}

#[cfg(test)]
mod tests;
