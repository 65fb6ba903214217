//! What every part of a worker shares: the roads to the servers, the settings, the counters.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use waybill_common::broker::{Publisher, PublisherState};
use waybill_common::clock::Clock;
use waybill_common::config::Config;
use waybill_common::shutdown::Shutdown;
use waybill_common::storage::commit::Memory;
use waybill_common::storage::{Connection, Pool, probe};

use crate::breaker::Breaker;
use crate::locking::Locking;
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::seats::Seats;

pub(crate) struct Engine {
    pub(crate) config: Arc<Config>,
    pub(crate) clock: Clock,
    pub(crate) pool: Pool,
    pub(crate) memory: Memory,
    pub(crate) locking: Locking,
    pub(crate) publisher: Publisher,
    pub(crate) breaker: Breaker,
    pub(crate) metrics: Metrics,
    pub(crate) progress: Progress,
    pub(crate) seats: Seats,
    /// Everything that runs beside the main task.
    pub(crate) tasks: Shutdown,
}

impl Engine {
    /// The database or the broker is away: takes nothing more until it is back.
    pub(crate) fn outage(&self, cause: &anyhow::Error) {
        self.breaker.trip(cause, Instant::now());
    }

    /// Whether work can be done: the database takes a write, and the broker takes publishes.
    ///
    /// # Errors
    /// Says what cannot.
    pub(crate) async fn probe(&self) -> anyhow::Result<()> {
        self.probe_database().await?;
        match &*self.publisher.state().borrow() {
            PublisherState::Ready => Ok(()),
            PublisherState::Disconnected(reason) => {
                Err(anyhow::anyhow!("the broker is away: {reason}"))
            }
            PublisherState::Blocked(reason) => {
                Err(anyhow::anyhow!("the broker takes no publishes: {reason}"))
            }
        }
    }

    /// A connection to the database; where there is none, that is an outage.
    pub(crate) async fn connection(&self) -> Result<Connection, Outcome> {
        self.pool
            .get()
            .await
            .context("could not get a connection to the database")
            .map_err(Outcome::Infrastructure)
    }

    /// A real write, rolled back.
    pub(crate) async fn probe_database(&self) -> anyhow::Result<()> {
        let mut conn = self.pool.get().await?;
        probe::write(&mut conn).await?;
        Ok(())
    }
}
