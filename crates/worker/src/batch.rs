//! Gathers a lane's deliveries into batches.
//!
//! A batch is committed as soon as there is nothing to wait for: alone when one delivery comes alone, so that an idle
//! worker answers at once; and filled for up to `linger_ms` when more were waiting already, so that a busy one makes
//! few and large transactions. What comes back from waiting for a lock joins a batch beyond its size.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout_at;
use waybill_common::config;

use crate::parked::{Parked, Waiting};

/// From this many deliveries on a message is suspected to take workers down: it goes into smaller batches.
const FRAIL_FROM: u32 = 3;
/// From this many on it is handled alone, by the suspects' consumer.
pub(crate) const SUSPECT_FROM: u32 = 6;

/// What a batch must know of an item.
pub(crate) trait Load {
    /// How often the broker delivered it before.
    fn delivery_count(&self) -> u32;
}

/// One lane's inbox. Unbounded in type, bounded by the prefetch of the channels that fill it.
pub(crate) struct Gatherer<T> {
    inbox: UnboundedReceiver<T>,
    /// Came too late for the last batch.
    held_over: Option<T>,
    max: usize,
    linger: Duration,
}

/// What a lane is to do next.
pub(crate) enum Next<T> {
    Batch(Vec<Waiting<T>>),
    /// Nothing will come any more.
    End,
}

impl<T: Load> Gatherer<T> {
    pub(crate) fn new(inbox: UnboundedReceiver<T>, batch: &config::Batch) -> Self {
        let linger = Duration::from_millis(batch.linger_ms);
        Self { inbox, held_over: None, max: batch.max_events, linger }
    }

    /// The next batch: new deliveries up to the limit, and whatever of `parked` is due. `End` once the inbox is
    /// closed and both are empty.
    pub(crate) async fn next(&mut self, parked: &mut Parked<T>) -> Next<T> {
        let first = match self.held_over.take() {
            Some(first) => Some(first),
            None => self.first(parked).await,
        };
        let fresh = match first {
            Some(first) => self.fill(first).await,
            None if parked.is_empty() => return Next::End,
            None => Vec::new(),
        };
        let mut batch = parked.take_due(Instant::now());
        batch.extend(fresh.into_iter().map(Waiting::fresh));
        Next::Batch(batch)
    }

    /// Waits for a delivery, or until something parked is due.
    async fn first(&mut self, parked: &Parked<T>) -> Option<T> {
        let Some(due) = parked.next_due() else {
            return self.inbox.recv().await;
        };
        match timeout_at(due.into(), self.inbox.recv()).await {
            Ok(Some(first)) => Some(first),
            Ok(None) => {
                tokio::time::sleep_until(due.into()).await;
                None
            }
            Err(_due) => None,
        }
    }

    async fn fill(&mut self, first: T) -> Vec<T> {
        let mut limit = limit(self.max, first.delivery_count());
        let mut batch = vec![first];
        while batch.len() < limit {
            let Ok(item) = self.inbox.try_recv() else { break };
            if !self.admit(&mut batch, &mut limit, item) {
                return batch;
            }
        }
        if batch.len() == 1 {
            return batch;
        }
        let until = tokio::time::Instant::now() + self.linger;
        while batch.len() < limit {
            let Ok(Some(item)) = timeout_at(until, self.inbox.recv()).await else { break };
            if !self.admit(&mut batch, &mut limit, item) {
                break;
            }
        }
        batch
    }

    /// Adds an item, or holds it over where the batch is too large for it.
    fn admit(&mut self, batch: &mut Vec<T>, limit: &mut usize, item: T) -> bool {
        let least = (*limit).min(self::limit(self.max, item.delivery_count()));
        if batch.len() >= least {
            self.held_over = Some(item);
            return false;
        }
        *limit = least;
        batch.push(item);
        true
    }
}

/// How large a batch may be that holds a message delivered that often before: half for each delivery from the third
/// on, so that a message that takes the worker down takes fewer neighbours with it each time.
fn limit(max: usize, delivery_count: u32) -> usize {
    let halvings = (delivery_count + 1)
        .saturating_sub(FRAIL_FROM)
        .min(usize::BITS - 1);
    (max >> halvings).max(1)
}

#[cfg(test)]
mod tests;
