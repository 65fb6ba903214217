//! One line of the table.

use serde::Serialize;

use super::{Disk, Series, median};

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    RatioAtLeast(f64),
    RatioAtMost(f64),
    ValueAtMost(f64),
    /// It stands there to compare with.
    None,
}

/// A figure with its ceiling.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) figure: String,
    pub(crate) unit: &'static str,
    pub(crate) subject: Series,
    pub(crate) ceiling: Option<Series>,
    pub(crate) target: Target,
}

impl Row {
    /// Something without a ceiling.
    pub(crate) fn plain(figure: impl Into<String>, unit: &'static str, subject: Series) -> Self {
        Self { figure: figure.into(), unit, subject, ceiling: None, target: Target::None }
    }

    #[must_use]
    pub(crate) fn beside(mut self, ceiling: Series) -> Self {
        self.ceiling = Some(ceiling);
        self
    }

    #[must_use]
    pub(crate) fn target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// The median of the ratios, pair by pair, of those pairs whose disk was steady; of all, where none was.
    pub(crate) fn ratio(&self) -> Option<f64> {
        let ratios = |steady_only: bool| {
            self.pairs()
                .filter(move |(_, _, disk)| !steady_only || disk.is_steady())
                .map(|(value, ceiling, _)| value / ceiling)
        };
        median(ratios(true)).or_else(|| median(ratios(false)))
    }

    /// None without a target, or where the ratio could not be had.
    pub(crate) fn is_met(&self) -> Option<bool> {
        match self.target {
            Target::RatioAtLeast(least) => self.ratio().map(|ratio| ratio >= least),
            Target::RatioAtMost(most) => self.ratio().map(|ratio| ratio <= most),
            Target::ValueAtMost(most) => Some(self.subject.median() <= most),
            Target::None => None,
        }
    }

    /// Pairs whose disk changed its mode on the way.
    pub(crate) fn unsteady(&self) -> usize {
        match self.ceiling {
            Some(_) => self.pairs().filter(|(.., disk)| !disk.is_steady()).count(),
            None => self
                .subject
                .0
                .iter()
                .filter(|sample| !sample.disk.is_steady())
                .count(),
        }
    }

    /// Over all probes.
    pub(crate) fn disk(&self) -> Option<Disk> {
        let ceiling = self.ceiling.iter().flat_map(|series| &series.0);
        let disks = self
            .subject
            .0
            .iter()
            .chain(ceiling)
            .map(|sample| sample.disk);
        disks.reduce(Disk::and)
    }

    fn pairs(&self) -> impl Iterator<Item = (f64, f64, Disk)> {
        let ceiling = self.ceiling.iter().flat_map(|series| &series.0);
        self.subject
            .0
            .iter()
            .zip(ceiling)
            .map(|(one, two)| (one.value, two.value, one.disk.and(two.disk)))
            .filter(|(_, ceiling, _)| *ceiling > 0.0)
    }
}
