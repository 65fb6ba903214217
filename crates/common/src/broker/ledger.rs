//! Which acknowledgements of one channel can be one acknowledgement.
//!
//! `basic.ack` with `multiple` acknowledges every lower delivery tag of its *channel*, whatever the queue and whether it is
//! finished or not. So it is used up to the tag below which everything is finished, and no further. What is finished above
//! that waits a while for the rest: each acknowledgement is an entry of its own in a quorum queue's log, and two lanes that
//! take turns at a channel finish every other tag first. Until then it counts as unacknowledged, and comes again if the
//! worker dies, as everything does that is finished and not acknowledged.

use std::collections::{BTreeMap, BTreeSet};

/// The delivery tags of one channel: 1, 2, 3, … as RabbitMQ numbers them, each with what acknowledges it.
#[derive(Debug, Default)]
pub struct Ledger<T> {
    /// Every tag up to this one is finished.
    floor: u64,
    /// Finished above the floor, and not acknowledged.
    waiting: BTreeMap<u64, T>,
    /// Acknowledged above the floor.
    above: BTreeSet<u64>,
    /// How many may wait.
    patience: usize,
}

/// How to acknowledge some tags.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan<T> {
    /// All of them by the last one, with `multiple`. It was not acknowledged, so the broker still knows it.
    pub through: Vec<T>,
    /// Each by itself.
    pub singly: Vec<T>,
}

impl<T> Ledger<T> {
    /// One in which so many tags may wait for lower ones.
    #[must_use]
    pub fn with_patience(patience: usize) -> Self {
        Self { floor: 0, waiting: BTreeMap::new(), above: BTreeSet::new(), patience }
    }

    /// Books these tags as finished and says what to acknowledge now. The plan must be carried out before the next one is:
    /// an acknowledgement that a later `through` has overtaken closes the channel. A tag that was finished before is
    /// not acknowledged again.
    pub fn finish(&mut self, tags: impl IntoIterator<Item = (u64, T)>) -> Plan<T> {
        let fresh = tags
            .into_iter()
            .filter(|(tag, _)| *tag > self.floor && !self.above.contains(tag));
        self.waiting.extend(fresh);
        let mut through = Vec::new();
        loop {
            let next = self.floor + 1;
            if let Some(finished) = self.waiting.remove(&next) {
                through.push(finished);
            } else if !self.above.remove(&next) {
                break;
            }
            self.floor = next;
        }
        let singly = if self.waiting.len() > self.patience { self.rest() } else { Vec::new() };
        Plan { through, singly }
    }

    /// What waits, to be acknowledged each by itself.
    pub fn rest(&mut self) -> Vec<T> {
        let rest = std::mem::take(&mut self.waiting);
        self.above.extend(rest.keys());
        rest.into_values().collect()
    }
}

#[cfg(test)]
mod tests;
