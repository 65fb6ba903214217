//! What commits remember of large orders: their facts, decoded and counted, as the last commit left them.
//!
//! An order with a thousand operations has facts of a quarter of a megabyte, which the server would unpack and spell and this
//! program read and count, with each batch, only to learn what it wrote a moment ago. Whoever takes facts out of here has
//! them alone, and puts back what was committed; whatever fails in between is forgotten, and read again.

use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard};

use uuid::Uuid;

use super::ledger::Ledger;
use crate::storage::orders::Remembered;

/// Facts smaller than this, in operations and names, are read as quickly as they are found here.
const SIZE_LEAST: usize = 64;
/// How large all that is remembered may be, in operations and names: about 12 MiB.
const SIZE_MOST: usize = 20_000;

/// Shared by all lanes of a worker, for an order may change its lane.
#[derive(Debug)]
pub struct Memory {
    sizes: RangeInclusive<usize>,
    /// The one that was used last comes last.
    orders: Mutex<Vec<Remembered>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self::for_sizes(SIZE_LEAST..=SIZE_MOST)
    }
}

impl Memory {
    /// For orders from the least size on, and as many as do not exceed the greatest together.
    #[must_use]
    pub fn for_sizes(sizes: RangeInclusive<usize>) -> Self {
        Self { sizes, orders: Mutex::default() }
    }

    /// What is known of these orders. It is known no more then.
    pub(super) fn take(&self, ids: &[Uuid]) -> Vec<Remembered> {
        self.orders()
            .extract_if(.., |known| ids.contains(&known.id))
            .collect()
    }

    /// Orders as they were written by a transaction that was committed.
    pub(super) fn keep(&self, written: Vec<Ledger>) {
        let mut orders = self.orders();
        orders.retain(|known| written.iter().all(|order| order.id != known.id));
        let large = written.into_iter().filter(|order| {
            order.absorbed_into.is_none() && self.sizes.contains(&order.facts.size())
        });
        orders.extend(large.map(remembered));
        let mut size = 0;
        // From the last one on backwards, as many as there is room for.
        let kept = orders.iter().rev().take_while(|order| {
            size += order.facts.size();
            size <= *self.sizes.end()
        });
        let forgotten = orders.len() - kept.count();
        orders.drain(..forgotten);
    }

    fn orders(&self) -> MutexGuard<'_, Vec<Remembered>> {
        self.orders
            .lock()
            .expect("no holder of this lock can panic")
    }
}

fn remembered(order: Ledger) -> Remembered {
    Remembered {
        id: order.id,
        version: order.version + 1,
        head_hash: order.head_hash,
        facts: order.facts,
    }
}

#[cfg(test)]
mod tests;
