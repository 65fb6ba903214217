//! What a write to disk cost before and after a run: some disks have two modes and change them within minutes.

use serde::Serialize;

/// Probes that differ by more than this were taken in different modes of the disk.
const ALIKE: f64 = 2.0;

/// The least and the most of the probes' medians, in milliseconds a `fdatasync`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Disk {
    pub(crate) least_ms: f64,
    pub(crate) most_ms: f64,
}

impl Disk {
    pub(crate) fn of(before_ms: f64, after_ms: f64) -> Self {
        Self { least_ms: before_ms.min(after_ms), most_ms: before_ms.max(after_ms) }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            least_ms: self.least_ms.min(other.least_ms),
            most_ms: self.most_ms.max(other.most_ms),
        }
    }

    /// Whether the disk was the same throughout.
    pub(crate) fn is_steady(self) -> bool {
        self.most_ms <= self.least_ms * ALIKE
    }
}
