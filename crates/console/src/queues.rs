//! What waits before the database: asked of the broker and of Redis now and then, needed for nothing but to be shown.
//!
//! A console that does not reach them, as behind the wall that Kubernetes' network policy is, reads in the database what
//! workers told last. It declares nothing and publishes nothing.

use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{MissedTickBehavior, interval};
use waybill_common::age::Asker;
use waybill_common::broker::Topology;
use waybill_common::broker::once::{self, Once};
use waybill_common::config::Config;
use waybill_common::domain::Timestamp;
use waybill_common::shutdown::Shutdown;
use waybill_common::storage::{Connection, queue_looks};

use crate::problem::Problem;

const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Between two tries to reach a broker that is away, in looks.
const PAUSE_LOOKS: u32 = 5;

/// The last look of this console's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// Messages that are ready for workers; absent: not known.
    depth: Option<u64>,
    /// How long the oldest message in a worker's hand has been on its way; absent: not known.
    oldest_age: Option<Duration>,
}

/// What is known of the queues, by whomever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// Messages that are ready for workers.
    pub(crate) depth: Option<u64>,
    /// How long the oldest message in a worker's hand has been on its way.
    pub(crate) oldest_age: Option<Duration>,
    /// When it was so.
    pub(crate) at: Option<DateTime<Utc>>,
}

/// Where the last look is kept.
#[derive(Debug, Default)]
pub(crate) struct Queues(Mutex<Seen>);

impl Queues {
    /// This console's own look, and what workers told where it has none.
    pub(crate) async fn look(
        &self,
        conn: &mut Connection,
        now: Timestamp,
    ) -> Result<Known, Problem> {
        let own = self.seen();
        let told = queue_looks::seen(conn).await?;
        Ok(Known {
            depth: own.depth.or(told.map(|told| told.ready)),
            oldest_age: own.oldest_age.or(told.map(|told| told.oldest_age)),
            at: match own.depth {
                Some(_) => Some(now.to_datetime()),
                None => told.map(|told| told.at),
            },
        })
    }

    fn seen(&self) -> Seen {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn keep(&self, seen: Seen) {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = seen;
    }
}

/// Looks until the console stops.
pub(crate) async fn watch(queues: &Queues, config: &Config, shutdown: &Shutdown) {
    let mut broker = Broker::new(config);
    let mut ages = match Asker::new(&config.redis) {
        Ok(asker) => Some(asker),
        Err(error) => {
            tracing::warn!(%error, "ages are not asked for");
            None
        }
    };
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            () = shutdown.begun() => return,
        }
        let oldest_age = match &mut ages {
            Some(asker) => asker.ask().await.unwrap_or_default(),
            None => None,
        };
        queues.keep(Seen { depth: broker.depth().await, oldest_age });
    }
}

/// A connection that is made again when it is lost.
struct Broker<'a> {
    config: &'a Config,
    topology: Topology,
    connection: Option<Once>,
    /// Looks that are left out before the next try.
    pause: u32,
}

impl<'a> Broker<'a> {
    fn new(config: &'a Config) -> Self {
        let topology = Topology::new(&config.broker, &config.retry);
        Self { config, topology, connection: None, pause: 0 }
    }

    async fn depth(&mut self) -> Option<u64> {
        if self.pause > 0 {
            self.pause -= 1;
            return None;
        }
        let looked = match self.connection.take() {
            Some(connection) => self.look(connection).await,
            None => match once::open(&self.config.broker).await {
                Ok(connection) => self.look(connection).await,
                Err(error) => Err(error),
            },
        };
        looked
            .inspect_err(|error| {
                // Once per pause: whoever runs without a broker in reach knows it.
                tracing::debug!(%error, "the queues are not known");
                self.pause = PAUSE_LOOKS;
            })
            .ok()
            .flatten()
    }

    async fn look(
        &mut self,
        connection: Once,
    ) -> Result<Option<u64>, waybill_common::broker::ConnectError> {
        let depth = connection.work(&self.topology).await?;
        // Kept only while it answers.
        self.connection = Some(connection);
        Ok(depth.work())
    }
}
