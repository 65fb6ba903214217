//! A whole ingest: started from a configuration, stopped in order.
//!
//! **Stopping.** Unready first, and still serving, so that whoever spreads the load notices; then no new connections, and
//! what is being worked on is answered; then every publish that outlived its request is confirmed; then the roads to
//! broker and Redis close; the ops listener is last. A request is answered rightly or not at all at every point.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App as Actix, HttpServer};
use anyhow::Context as _;
use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tracing_actix_web::TracingLogger;
use waybill_common::broker::{Consumer, Depth, Publisher, PublisherState, Topology};
use waybill_common::client::Proxies;
use waybill_common::clock::Clock;
use waybill_common::config::Config;
use waybill_common::ops::{self, Dependency, Health};
use waybill_common::service::StartError;
use waybill_common::shutdown::Shutdown;
use waybill_common::telemetry::{RequestSpan, Scrape};

use crate::admission::Failures;
use crate::app::{App, Tasks};
use crate::body::Bounds;
use crate::certificates::Certificates;
use crate::connection::{self, Limits};
use crate::counts;
use crate::edge;
use crate::load::{self, Load};
use crate::marker::Markers;
use crate::metrics::Metrics;
use crate::outbox::Outbox;
use crate::redis::Redis;
use crate::reload::Reload;
use crate::routes;
use crate::sources::Sources;

const SERVICE: &str = "waybill-ingest";
/// How often limiters forget idle clients.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// Connections that the system holds for us while all workers are busy.
const BACKLOG: u32 = 1_024;
/// For what takes no time, where the drain has used all of it.
const LAST_STEP: Duration = Duration::from_secs(1);

/// A running ingest.
pub struct Application {
    pub addr: SocketAddr,
    pub ops_addr: SocketAddr,
    pub health: Health,
    app: Data<App>,
    server: ServerHandle,
    publisher: Publisher,
    stages: Stages,
    lame_duck: Duration,
    drain: Duration,
}

/// What is stopped one after the other.
#[derive(Default)]
struct Stages {
    /// The public listener, and what outlives a request.
    serving: Shutdown,
    /// The connections to broker and Redis.
    roads: Shutdown,
    ops: Shutdown,
}

impl Application {
    /// Starts everything. Broker and Redis need not be there yet: ingest is then unready and answers 503.
    ///
    /// # Errors
    /// Where the configuration cannot work or an address is taken.
    pub fn start(config: &Config, clock: Clock, scrape: Scrape) -> Result<Self, StartError> {
        let health = Health::new();
        let stages = Stages::default();
        let sources = Sources::new(config, clock.now())
            .map_err(anyhow::Error::from)
            .map_err(StartError::Configuration)?;
        let redis = Redis::start(&config.redis, health.uses("redis"), &stages.roads)
            .map_err(StartError::Configuration)?;
        let (outbox, publisher, depth) = roads(config, &redis, &health, &stages.roads);
        let metrics = Metrics::default();
        let tasks = Tasks { runtime: Handle::current(), shutdown: stages.serving.clone() };
        let app = Data::new(App {
            sources: ArcSwap::from_pointee(sources),
            failures: Failures::new(config.ingest.failures_per_minute),
            proxies: Proxies {
                trusted: config.ingest.trusted_proxies.clone(),
                position: config.ingest.forwarded_for_position,
            },
            body: Bounds {
                bytes_max: config.ingest.max_body_bytes,
                within: Duration::from_millis(config.ingest.body_timeout_ms),
            },
            answer_within: Duration::from_millis(config.ingest.answer_timeout_ms),
            outbox,
            refused: ArcSwapOption::empty(),
            load: Load::new(config, depth, redis.clone()),
            redis,
            certificates: Certificates::new(config.fetch.clone(), metrics.clone(), tasks.clone()),
            metrics,
            clock,
            tasks,
        });
        let (addr, server) = listen(config, &app)?;
        let ops_addr = ops::serve(config.ingest.ops_listen, health.clone(), scrape, &stages.ops)
            .map_err(|source| StartError::Listen { address: config.ingest.ops_listen, source })?;
        let handle = server.handle();
        stages.roads.spawn(serve(server));
        stages.roads.spawn(tidy(app.clone(), stages.roads.clone()));
        stages
            .roads
            .spawn(report_counts(app.clone(), stages.roads.clone()));
        stages
            .roads
            .spawn(watch_load(app.clone(), stages.roads.clone()));
        tracing::info!(%addr, %ops_addr, "ingest is listening");
        Ok(Self {
            addr,
            ops_addr,
            health,
            app,
            server: handle,
            publisher,
            stages,
            lame_duck: Duration::from_millis(config.ingest.lame_duck_ms),
            drain: Duration::from_millis(config.ingest.drain_timeout_ms),
        })
    }

    /// From now on the sources follow the configuration that `config` was read from: `file`, or what `WAYBILL_CONFIG`
    /// names.
    pub fn follow(&self, file: Option<&Path>, config: Config) {
        let reload = Reload::new(self.app.clone(), file, config);
        self.stages
            .roads
            .spawn(reload.run(self.stages.roads.clone()));
    }

    /// Why the configuration as it stands now is not in force, if it is not.
    #[must_use]
    pub fn refused(&self) -> Option<String> {
        self.app.refused.load().as_deref().cloned()
    }

    /// Stops in order. Returns whether everything ended in time.
    pub async fn stop(self) -> bool {
        self.health.stopping();
        tracing::info!("stopping: unready, still serving");
        sleep(self.lame_duck).await;
        tracing::info!("stopping: no new connections");
        let deadline = Instant::now() + self.drain;
        let left = || deadline.saturating_duration_since(Instant::now());
        self.server.stop(true).await;
        let answered = self.stages.serving.finish(left()).await;
        self.publisher.settle(left()).await;
        // Whatever was confirmed is counted by now, and what is counted can still be told.
        self.app.report().await;
        let confirmed = self.publisher.drain(left()).await;
        let closed = self.stages.roads.finish(left().max(LAST_STEP)).await;
        self.stages.ops.finish(LAST_STEP).await;
        tracing::info!(answered, confirmed, closed, "stopped");
        answered && confirmed && closed
    }
}

fn roads(
    config: &Config,
    redis: &Redis,
    health: &Health,
    shutdown: &Shutdown,
) -> (Outbox, Publisher, watch::Receiver<Depth>) {
    let topology = Topology::new(&config.broker, &config.retry);
    let publisher = Publisher::start(&config.broker, topology.clone(), shutdown, SERVICE);
    // Publishes nothing: a connection that the broker blocks could not be asked how much is waiting.
    let looker = Consumer::start(&config.broker, topology, shutdown, SERVICE);
    let depth = looker.depth();
    let stop = shutdown.token().clone();
    shutdown.spawn(async move {
        stop.cancelled().await;
        looker.close();
    });
    let broker = health.needs("broker");
    shutdown.spawn(report(publisher.state(), broker, shutdown.clone()));
    let outbox = Outbox {
        markers: Markers::start(redis.clone(), config.redis.marker_ttl_seconds, shutdown),
        publisher: publisher.clone(),
        exchange: config.broker.prefix.clone(),
        shards: config.broker.shards,
        counts: Arc::default(),
    };
    (outbox, publisher, depth)
}

fn listen(config: &Config, app: &Data<App>) -> Result<(SocketAddr, Server), StartError> {
    let ingest = &config.ingest;
    let limits = Limits::new(ingest);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let app = app.clone();
    let factory = move || {
        Actix::new()
            .app_data(app.clone())
            .configure(routes::configure)
            .wrap(from_fn(edge::attend))
            .wrap(TracingLogger::<RequestSpan>::new())
    };
    let server = HttpServer::new(factory)
        .workers(workers)
        .max_connections(ingest.max_connections.div_ceil(workers))
        .backlog(BACKLOG)
        .client_request_timeout(limits.head)
        .keep_alive(limits.keep_alive)
        .on_connect(move |io, extensions| connection::opened(io, extensions, limits))
        .shutdown_timeout(ingest.drain_timeout_ms.div_ceil(1_000))
        .disable_signals()
        .bind(ingest.listen)
        .map_err(|source| StartError::Listen { address: ingest.listen, source })?;
    let addr = server.addrs()[0];
    Ok((addr, server.run()))
}

async fn serve(server: Server) {
    if let Err(error) = server.await.context("the listener ended") {
        tracing::error!(error = format!("{error:#}"), "nothing is received any more");
    }
}

/// Readiness follows the publisher: without it no webhook can be accepted.
async fn report(
    mut state: watch::Receiver<PublisherState>,
    broker: Dependency,
    shutdown: Shutdown,
) {
    loop {
        match &*state.borrow_and_update() {
            PublisherState::Ready => broker.up(),
            PublisherState::Disconnected(reason) => broker.down(format!("disconnected: {reason}")),
            PublisherState::Blocked(reason) => broker.down(format!("blocked: {reason}")),
        }
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return },
            () = shutdown.begun() => return,
        }
    }
}

async fn tidy(app: Data<App>, shutdown: Shutdown) {
    let mut ticks = interval(TIDY_EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => app.forget_idle_clients(),
            () = shutdown.begun() => return,
        }
    }
}

async fn report_counts(app: Data<App>, shutdown: Shutdown) {
    let mut reports = interval(counts::REPORT_EVERY);
    reports.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = reports.tick() => app.report().await,
            () = shutdown.begun() => return,
        }
    }
}

async fn watch_load(app: Data<App>, shutdown: Shutdown) {
    let mut looks = interval(load::LOOK_EVERY);
    loop {
        tokio::select! {
            _ = looks.tick() => app.look_at_load().await,
            () = shutdown.begun() => return,
        }
    }
}
