//! Gathers what waits for a lane into batches.
//!
//! A batch is committed as soon as there is nothing to wait for: alone when one delivery comes alone, so that an idle
//! worker answers at once; and filled for up to `linger_ms` when more were waiting already, so that a busy one makes
//! few and large transactions. What comes back from waiting for a lock joins a batch beyond its size.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep_until, timeout, timeout_at};
use waybill_common::config;

use crate::batch::{Batch, Item};
use crate::inbox::Inbox;
use crate::parked::{Parked, Waiting};

/// Makes the batches of one lane.
pub(crate) struct Gatherer<T> {
    inbox: Arc<Inbox<T>>,
    lane: usize,
    max: usize,
    linger: Duration,
}

/// What a lane is to do next.
pub(crate) enum Next<T> {
    Batch(Vec<Waiting<T>>),
    /// Nothing will come any more.
    End,
}

impl<T: Item> Gatherer<T> {
    pub(crate) fn new(inbox: Arc<Inbox<T>>, lane: usize, batch: &config::Batch) -> Self {
        let linger = Duration::from_millis(batch.linger_ms);
        Self { inbox, lane, max: batch.max_events, linger }
    }

    /// The next batch: new deliveries up to the limit, and whatever of `parked` is due. `End` once the inbox is
    /// closed and both are empty.
    pub(crate) async fn next(&mut self, parked: &mut Parked<T>) -> Next<T> {
        loop {
            let fresh = self.gather(parked.next_due()).await;
            let mut batch = parked.take_due(Instant::now());
            batch.extend(fresh.into_iter().map(Waiting::fresh));
            if !batch.is_empty() {
                return Next::Batch(batch);
            }
            if parked.is_empty() && self.inbox.is_over(self.lane) {
                return Next::End;
            }
        }
    }

    /// Waits for a delivery, or until something parked is due, and takes what there is. Not all that waits need be this
    /// lane's, so it may be nothing.
    async fn gather(&self, due: Option<Instant>) -> Vec<T> {
        let first = self.inbox.wait_for(self.lane, 1);
        match due {
            None => first.await,
            Some(due) if self.inbox.is_over(self.lane) => sleep_until(due.into()).await,
            Some(due) => timeout_at(due.into(), first).await.unwrap_or_default(),
        }
        let mut batch = Batch::new(self.max);
        let has_room = self.inbox.fill(self.lane, &mut batch);
        if has_room && batch.len() > 1 {
            let enough = self.inbox.wait_for(self.lane, batch.room());
            timeout(self.linger, enough).await.unwrap_or_default();
            self.inbox.fill(self.lane, &mut batch);
        }
        batch.into_items()
    }
}

#[cfg(test)]
mod tests;
