//! Redis's memory of accepted events: it saves work, nothing depends on it.
//!
//! A marker is set only after the broker has confirmed the event. Whatever goes wrong here (Redis away, slow, full,
//! emptied) means «unknown», the event is published, and the database decides. One connection is shared; when a
//! command fails or is late the connection is dropped and every request goes on without, at once, until the keeper has
//! a connection that answers. So a Redis that hangs costs its time limit once, not once per request.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwapOption;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{AsyncConnectionConfig, Client, Pipeline, RedisError, Value, pipe};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use waybill_common::config;
use waybill_common::ops::Dependency;
use waybill_common::shutdown::Shutdown;

/// Between two tries to reach Redis again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a connection that nobody used is asked whether it still answers.
const PROBE_EVERY: Duration = Duration::from_secs(5);

/// What is remembered of one event: its key, and the hash of what it meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub key: [u8; 16],
    pub body_sha256: [u8; 32],
}

/// The road to the markers. Clones share one connection.
#[derive(Clone)]
pub struct Markers {
    connection: Arc<ArcSwapOption<MultiplexedConnection>>,
    lost: Arc<Notify>,
    prefix: String,
    ttl_seconds: u64,
    within: Duration,
}

impl Markers {
    /// Starts the keeper of the connection. Redis need not be there.
    ///
    /// # Errors
    /// Where `redis.url` is no URL of a Redis.
    pub fn start(
        redis: &config::Redis,
        health: Dependency,
        shutdown: &Shutdown,
    ) -> anyhow::Result<Self> {
        let client = Client::open(redis.url.expose()).context("could not read redis.url")?;
        let within = Duration::from_millis(redis.ingest_timeout_ms);
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(Duration::from_millis(redis.connect_timeout_ms)))
            .set_response_timeout(Some(within));
        let markers = Self {
            connection: Arc::default(),
            lost: Arc::default(),
            prefix: redis.prefix.clone(),
            ttl_seconds: redis.marker_ttl_seconds,
            within,
        };
        let keeper = markers.clone().keep(client, settings, health);
        let stop = shutdown.token().clone();
        shutdown.spawn(async move { stop.run_until_cancelled(keeper).await });
        Ok(markers)
    }

    /// Which of these events are known under their key with the same hash. Without Redis: none.
    pub async fn known(&self, marks: &[Mark]) -> Vec<bool> {
        let mut ask = pipe();
        for mark in marks {
            ask.get(self.name(mark));
        }
        let answers: Option<Vec<Option<String>>> = self.run(&ask).await;
        match answers {
            Some(answers) => marks
                .iter()
                .zip(answers)
                .map(|(mark, hash)| hash == Some(hex::encode(mark.body_sha256)))
                .collect(),
            None => vec![false; marks.len()],
        }
    }

    /// Remembers confirmed events. Without Redis: does nothing.
    pub async fn remember(&self, marks: &[Mark]) {
        let mut tell = pipe();
        for mark in marks {
            tell.set_ex(self.name(mark), hex::encode(mark.body_sha256), self.ttl_seconds)
                .ignore();
        }
        self.run::<()>(&tell).await;
    }

    fn name(&self, mark: &Mark) -> String {
        format!("{}:seen:{}", self.prefix, hex::encode(mark.key))
    }

    async fn run<T: deadpool_redis::redis::FromRedisValue>(
        &self,
        commands: &Pipeline,
    ) -> Option<T> {
        if commands.is_empty() {
            return None;
        }
        let connection = self.connection.load_full()?;
        let mut connection = MultiplexedConnection::clone(&connection);
        match timeout(self.within, commands.query_async(&mut connection)).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => self.gave_up(&error.to_string()),
            Err(_elapsed) => self.gave_up("no answer in time"),
        }
    }

    /// Everybody goes on without Redis until the keeper has it again. Of many that notice at once only one says so.
    fn gave_up<T>(&self, reason: &str) -> Option<T> {
        if self.connection.swap(None).is_some() {
            tracing::warn!(reason, "redis is not answering: repeats are published until it does");
        }
        self.lost.notify_one();
        None
    }

    /// Connects, watches and connects again, without end.
    async fn keep(self, client: Client, settings: AsyncConnectionConfig, health: Dependency) {
        loop {
            match connect(&client, &settings).await {
                Ok(connection) => {
                    self.connection.store(Some(Arc::new(connection)));
                    health.up();
                    self.watch().await;
                    health.down("it does not answer");
                }
                Err(error) => health.down(error.to_string()),
            }
            sleep(PAUSE).await;
        }
    }

    /// Returns when the connection is lost.
    async fn watch(&self) {
        loop {
            tokio::select! {
                () = self.lost.notified() => return,
                () = sleep(PROBE_EVERY) => {}
            }
            let mut probe = pipe();
            probe.cmd("PING");
            if self.run::<Value>(&probe).await.is_none() {
                return;
            }
        }
    }
}

/// A connection that has answered once.
async fn connect(
    client: &Client,
    settings: &AsyncConnectionConfig,
) -> Result<MultiplexedConnection, RedisError> {
    let mut connection = client
        .get_multiplexed_async_connection_with_config(settings)
        .await?;
    pipe()
        .cmd("PING")
        .query_async::<Value>(&mut connection)
        .await?;
    Ok(connection)
}
