//! Locks the orders of a batch, as far as that can be had. Never needed for correctness: where Redis is away, or
//! locks are off, work goes on and the database decides.

use std::collections::{BTreeSet, HashSet};

use waybill_common::lock::{Guard, LockError, Locks};

use crate::metrics::Metrics;

pub(crate) struct Locking {
    locks: Locks,
    metrics: Metrics,
}

/// What was locked, and what others hold.
#[derive(Default)]
pub(crate) struct Locked {
    pub(crate) busy: HashSet<String>,
    guard: Option<Guard>,
}

impl Locking {
    pub(crate) fn new(locks: Locks, metrics: Metrics) -> Self {
        Self { locks, metrics }
    }

    /// Locks these references in one round trip.
    pub(crate) async fn lock(&self, references: BTreeSet<&str>) -> Locked {
        let names: Vec<String> = references.into_iter().map(str::to_owned).collect();
        match self.locks.acquire(&names).await {
            Ok(acquired) => Locked { busy: acquired.busy, guard: Some(acquired.guard) },
            Err(error) => {
                self.metrics.lockless();
                // Told once when it is noticed, not for each batch until it is back.
                if !matches!(error, LockError::Away) {
                    let error = format!("{:#}", anyhow::Error::from(error));
                    tracing::warn!(error, "orders are not locked: work goes on without");
                }
                Locked::default()
            }
        }
    }
}

impl Locked {
    pub(crate) async fn release(self) {
        if let Some(guard) = self.guard {
            guard.release().await;
        }
    }
}
