//! A figure: samples taken in turn with its ceiling's, their medians, and whether the target is met.

mod disk;
mod math;
mod row;

pub(crate) use disk::Disk;
pub(crate) use math::{in_series, median, steady_rate};
pub(crate) use row::{Row, Target};

use serde::Serialize;

/// One measured run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Sample {
    pub(crate) value: f64,
    pub(crate) disk: Disk,
}

/// Samples of one thing, in the order in which they were taken.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Series(pub(crate) Vec<Sample>);

impl Series {
    pub(crate) fn push(&mut self, sample: Sample) {
        self.0.push(sample);
    }

    /// The median of the values; 0 where there are none.
    pub(crate) fn median(&self) -> f64 {
        median(self.0.iter().map(|sample| sample.value)).unwrap_or(0.0)
    }

    /// Sample by sample, what two stages reach that share the machine.
    pub(crate) fn in_series_with(&self, other: &Self) -> Self {
        let joined = self.0.iter().zip(&other.0).map(|(one, two)| Sample {
            value: in_series(one.value, two.value),
            disk: one.disk.and(two.disk),
        });
        Self(joined.collect())
    }
}

#[cfg(test)]
mod tests;
