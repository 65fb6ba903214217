//! Which acknowledgements of one channel can be one acknowledgement.
//!
//! `basic.ack` with `multiple` acknowledges every lower delivery tag of its *channel*, whatever the queue and whether it is
//! finished or not. So it is used up to the tag below which everything is finished, and no further.

use std::collections::BTreeSet;

/// The delivery tags of one channel: 1, 2, 3, … as RabbitMQ numbers them.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Every tag up to this one is finished.
    floor: u64,
    /// Finished above the floor.
    above: BTreeSet<u64>,
}

/// How to acknowledge some tags.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// With `multiple`: it and every lower tag. One of those asked for, so the broker still knows it.
    pub through: Option<u64>,
    /// Each by itself.
    pub singly: Vec<u64>,
}

impl Ledger {
    /// Books these tags as finished and says how to acknowledge them. The plan must be carried out before the next one is:
    /// an acknowledgement that a later `through` has overtaken closes the channel. A tag that was finished before is
    /// not acknowledged again.
    pub fn finish(&mut self, tags: impl IntoIterator<Item = u64>) -> Plan {
        let fresh: BTreeSet<u64> = tags
            .into_iter()
            .filter(|&tag| tag > self.floor && self.above.insert(tag))
            .collect();
        while self.above.remove(&(self.floor + 1)) {
            self.floor += 1;
        }
        let through = fresh.range(..=self.floor).next_back().copied();
        let singly = fresh.into_iter().filter(|&tag| tag > self.floor).collect();
        Plan { through, singly }
    }
}

#[cfg(test)]
mod tests;
