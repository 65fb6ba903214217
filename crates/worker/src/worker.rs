//! A whole worker: started from a configuration, stopped in order.
//!
//! **Starting.** Nothing needs to be there yet: the worker waits, unready, for a database that takes writes and a broker.
//! **Stopping.** Unready first; the broker is told to send no more; what is in hand is committed, handed on and
//! acknowledged, as far as the time for it goes; closing the channels gives back the rest; then publishes that are
//! unconfirmed are waited for, connections close, and the ops listener is last.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use waybill_common::broker::{Consumer, Publisher, Topology};
use waybill_common::clock::Clock;
use waybill_common::config::Config;
use waybill_common::lock::Locks;
use waybill_common::ops::{self, Health};
use waybill_common::service::StartError;
use waybill_common::shutdown::Shutdown;
use waybill_common::storage::commit::Memory;
use waybill_common::storage::pool;
use waybill_common::telemetry::Scrape;

use crate::breaker::Breaker;
use crate::consume::Consuming;
use crate::engine::Engine;
use crate::health::Watch;
use crate::hints::Asking;
use crate::housekeeping::{look_after_tables, tell_age, tell_queues, watch_retries};
use crate::locking::Locking;
use crate::metrics::Metrics;
use crate::progress::Progress;
use crate::recovery::{await_database, close_breaker};
use crate::seats::Seats;

const SERVICE: &str = "waybill-worker";
/// What comes after draining: confirms, polite goodbyes.
const LAST_STEPS: Duration = Duration::from_secs(5);

/// A running worker.
pub struct Worker {
    pub ops_addr: SocketAddr,
    pub health: Health,
    engine: Arc<Engine>,
    consumer: Consumer,
    consuming: JoinHandle<()>,
    /// Take no more, finish what is in hand.
    stop: CancellationToken,
    stages: Stages,
}

/// What is stopped one after the other.
#[derive(Clone, Default)]
struct Stages {
    /// Lanes, readers, batches.
    work: Shutdown,
    /// The connections to the servers, and what looks after them.
    roads: Shutdown,
    ops: Shutdown,
}

impl Worker {
    /// Starts everything. To be called on the service's main runtime.
    ///
    /// # Errors
    /// Where the configuration cannot work or the ops listener's address is taken.
    pub fn start(config: Config, clock: Clock, scrape: Scrape) -> Result<Self, StartError> {
        let (stages, health) = (Stages::default(), Health::new());
        let topology = Topology::new(&config.broker, &config.retry);
        let consumer = Consumer::start(&config.broker, topology.clone(), &stages.roads, SERVICE);
        let ops_listen = config.worker.ops_listen;
        let engine = Arc::new(engine(config, clock, &topology, &stages)?);
        let ops_addr = ops::serve(ops_listen, health.clone(), scrape, &stages.ops)
            .map_err(|source| StartError::Listen { address: ops_listen, source })?;
        let stop = CancellationToken::new();
        let watch = Watch {
            engine: Arc::clone(&engine),
            consumer: consumer.clone(),
            topology: topology.clone(),
            database: health.needs("postgresql"),
            broker: health.needs("broker"),
            health: health.clone(),
        };
        stages.roads.spawn(watch.run(stages.roads.token().clone()));
        let consuming = Consuming {
            engine: Arc::clone(&engine),
            consumer: consumer.clone(),
            topology,
            stop: stop.clone(),
        };
        let asking = Asking::new(&engine).map_err(StartError::Configuration)?;
        let consuming = stages
            .work
            .spawn(work(consuming, asking, stages.roads.clone()));
        tracing::info!(%ops_addr, "the worker is started");
        Ok(Self { ops_addr, health, engine, consumer, consuming, stop, stages })
    }

    /// Stops in order. Returns whether everything in hand was finished in time; what was not is given back.
    pub async fn stop(self) -> bool {
        self.health.stopping();
        tracing::info!("stopping: no new deliveries");
        self.stop.cancel();
        let drain_ms = self.engine.config.worker.drain_timeout_ms;
        let deadline = Instant::now() + Duration::from_millis(drain_ms) + LAST_STEPS;
        let left = || deadline.saturating_duration_since(Instant::now());
        let consumed = tokio::time::timeout(left(), self.consuming).await.is_ok();
        let worked = self.stages.work.finish(left()).await;
        let confirmed = self.engine.publisher.drain(left()).await;
        self.consumer.close();
        let closed = self.stages.roads.finish(LAST_STEPS).await;
        self.stages.ops.finish(LAST_STEPS).await;
        self.engine.pool.close();
        tracing::info!(consumed, worked, confirmed, closed, "stopped");
        consumed && worked && confirmed && closed
    }
}

fn engine(
    config: Config,
    clock: Clock,
    topology: &Topology,
    stages: &Stages,
) -> Result<Engine, StartError> {
    let configuration = |error: anyhow::Error| StartError::Configuration(error);
    let metrics = Metrics::new();
    let pool = pool::connect(&config.database, config.database.pool_max)
        .map_err(|error| configuration(error.into()))?;
    let locks = Locks::connect(&config.redis, &config.lock, &stages.roads)
        .map_err(|error| configuration(error.into()))?;
    Ok(Engine {
        clock,
        pool,
        memory: Memory::default(),
        locking: Locking::new(locks, metrics.clone()),
        publisher: Publisher::start(&config.broker, topology.clone(), &stages.roads, SERVICE),
        breaker: Breaker::new(&config.worker),
        metrics,
        progress: Progress::new(Instant::now()),
        seats: Seats::default(),
        tasks: stages.work.clone(),
        config: Arc::new(config),
    })
}

/// Everything that needs a database: first it is waited for.
async fn work(consuming: Consuming, asking: Option<Asking>, roads: Shutdown) {
    let engine = Arc::clone(&consuming.engine);
    if !await_database(&engine, &consuming.stop).await {
        return;
    }
    let stop = roads.token();
    roads.spawn(close_breaker(Arc::clone(&engine), stop.clone()));
    roads.spawn(look_after_tables(Arc::clone(&engine), stop.clone()));
    roads.spawn(watch_retries(Arc::clone(&engine), stop.clone()));
    roads.spawn(tell_age(Arc::clone(&engine), stop.clone()));
    roads.spawn(tell_queues(Arc::clone(&engine), consuming.consumer.depth(), stop.clone()));
    if let Some(asking) = asking {
        engine.tasks.spawn(asking.run(consuming.stop.clone()));
    }
    consuming.run().await;
}
