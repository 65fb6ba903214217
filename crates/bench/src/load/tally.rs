//! What became of a load.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::Answer;

/// A minute, in microseconds: whatever takes longer counts as that.
const LONGEST_US: u64 = 60_000_000;

pub(crate) struct Tally {
    pub(crate) accepted: u64,
    pub(crate) refused: BTreeMap<u16, u64>,
    pub(crate) failed: u64,
    pub(crate) lasted: Duration,
    /// Microseconds.
    latency: Histogram<u64>,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            accepted: 0,
            refused: BTreeMap::new(),
            failed: 0,
            lasted: Duration::ZERO,
            latency: Histogram::new_with_max(LONGEST_US, 3).expect("three digits of a minute fit"),
        }
    }

    pub(crate) fn count(&mut self, answer: Answer) {
        match answer {
            Answer::Accepted => self.accepted += 1,
            Answer::Refused(status) => *self.refused.entry(status).or_default() += 1,
            Answer::Failed => self.failed += 1,
        }
    }

    pub(crate) fn time(&mut self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(LONGEST_US);
        self.latency.saturating_record(took.max(1));
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        for (status, count) in &other.refused {
            *self.refused.entry(*status).or_default() += count;
        }
        self.failed += other.failed;
        self.latency
            .add(&other.latency)
            .expect("both have the same bounds");
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.accepted as f64 / self.lasted.as_secs_f64()
    }

    /// Milliseconds within which this part of all that was timed was answered.
    pub(crate) fn quantile_ms(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1e3
    }

    /// # Errors
    /// Unless everything that was sent was accepted: what is refused costs less than what is accepted.
    pub(crate) fn ensure_all_accepted(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.refused.is_empty() && self.failed == 0 && self.accepted > 0,
            "of what was sent {} were accepted, {} had no answer, refused by status: {:?}",
            self.accepted,
            self.failed,
            self.refused,
        );
        Ok(())
    }
}
