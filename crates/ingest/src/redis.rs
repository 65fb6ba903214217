//! The one road to Redis, and the breaker before it. Nothing depends on Redis: whoever gets no answer goes on without.
//!
//! One connection is shared; when a command fails or is late the connection is dropped and every request goes on
//! without, at once, until the keeper has a connection that answers. So a Redis that hangs costs its time limit once,
//! not once per request.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwapOption;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{
    AsyncConnectionConfig, Client, FromRedisValue, Pipeline, RedisError, RedisResult,
    ScriptInvocation, Value, pipe,
};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use waybill_common::config;
use waybill_common::ops::Dependency;
use waybill_common::shutdown::Shutdown;

/// Between two tries to reach Redis again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a connection that nobody used is asked whether it still answers.
const PROBE_EVERY: Duration = Duration::from_secs(5);

/// Clones share one connection.
#[derive(Clone)]
pub struct Redis {
    connection: Arc<ArcSwapOption<MultiplexedConnection>>,
    lost: Arc<Notify>,
    prefix: Arc<str>,
    within: Duration,
}

impl Redis {
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
        let road = Self {
            connection: Arc::default(),
            lost: Arc::default(),
            prefix: redis.prefix.as_str().into(),
            within,
        };
        let keeper = road.clone().keep(client, settings, health);
        let stop = shutdown.token().clone();
        shutdown.spawn(async move { stop.run_until_cancelled(keeper).await });
        Ok(road)
    }

    /// `<prefix>:<kind>:<name>`.
    #[must_use]
    pub fn key(&self, kind: &str, name: &str) -> String {
        format!("{}:{kind}:{name}", self.prefix)
    }

    /// Runs these commands in one round trip. Absent: there is no answer, go on without.
    pub async fn run<T: FromRedisValue>(&self, commands: &Pipeline) -> Option<T> {
        if commands.is_empty() {
            return None;
        }
        self.ask(async |connection| commands.query_async(connection).await)
            .await
    }

    /// Runs a script in one round trip; in two, the first time that this Redis sees it.
    pub async fn call<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Option<T> {
        self.ask(async |connection| script.invoke_async(connection).await)
            .await
    }

    async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> Option<T> {
        let connection = self.connection.load_full()?;
        let mut connection = MultiplexedConnection::clone(&connection);
        match timeout(self.within, question(&mut connection)).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => self.gave_up(&error.to_string()),
            Err(_elapsed) => self.gave_up("no answer in time"),
        }
    }

    /// Everybody goes on without Redis until the keeper has it again. Of many that notice at once only one says so.
    fn gave_up<T>(&self, reason: &str) -> Option<T> {
        if self.connection.swap(None).is_some() {
            tracing::warn!(
                reason,
                "redis is not answering: until it does, repeats are published and limits are each replica's own"
            );
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
