//! An order's facts with their tally beside them, so that an order with thousands of operations learns one more at the price
//! of one.

use std::ops::Deref;

use super::derive::{self, tally};
use super::{Facts, Flag, Operation, OrderState, Reference};

/// Facts that are counted. They are read as any facts; whatever changes them goes through here, and leaves the tally what
/// counting them anew would give.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallied {
    facts: Facts,
    tally: tally::Tally,
}

impl From<Facts> for Tallied {
    fn from(facts: Facts) -> Self {
        Self { tally: tally::Tally::of(&facts), facts }
    }
}

impl Deref for Tallied {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.facts
    }
}

impl Tallied {
    /// As [`Facts::join`]. What is told of leaves the count as it stood and comes back as it stands.
    pub fn join(&mut self, told: Facts) -> bool {
        let touched: Vec<(Operation, String)> = told
            .operations()
            .map(|(operation, op_ref)| (operation, op_ref.to_owned()))
            .collect();
        self.count(tally::Way::Goes, &touched);
        let learnt = self.facts.join(told);
        self.count(tally::Way::Comes, &touched);
        learnt
    }

    fn count(&mut self, way: tally::Way, operations: &[(Operation, String)]) {
        for (operation, op_ref) in operations {
            if let Some(standing) = self.facts.standing(*operation, op_ref) {
                self.tally.change(way, (*operation, op_ref, standing));
            }
        }
    }

    /// As [`Facts::mark_conflict`]: no operation changes.
    pub fn mark_conflict(&mut self, source: &str, dedup_key: &str) -> bool {
        self.facts.mark_conflict(source, dedup_key)
    }

    /// As [`Facts::part`]: no operation changes.
    pub fn part(
        &mut self,
        names: impl IntoIterator<Item = String>,
        kept: impl IntoIterator<Item = Reference>,
    ) {
        self.facts.part(names, kept);
    }

    /// As [`Facts::acknowledge`]: no operation changes.
    pub fn acknowledge(&mut self, flag: Flag, causes: impl IntoIterator<Item = String>) {
        self.facts.acknowledge(flag, causes);
    }

    /// As [`Facts::derive`].
    #[must_use]
    pub fn derive(&self) -> OrderState {
        derive::state(&self.facts, &self.tally)
    }
}

#[cfg(test)]
mod tests;
