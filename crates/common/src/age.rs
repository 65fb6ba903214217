//! How long the oldest message in a worker's hand has been on its way: told by workers, asked by ingest, through Redis.
//!
//! A hint for holding back load, needed for nothing else; without Redis, or without workers, it is not known. One key holds
//! the greatest age and whose it is: a worker writes over its own word or a smaller one, and the word of one that is gone
//! expires.

use std::sync::LazyLock;
use std::time::Duration;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{
    AsyncConnectionConfig, Client, Pipeline, RedisError, RedisResult, Script, pipe,
};
use uuid::Uuid;

use crate::config;

/// How often workers tell.
pub const TELL_EVERY: Duration = Duration::from_secs(1);
/// How long one word counts: a few tellings.
const COUNTS_FOR_MS: u64 = 5_000;

static TELL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "
local told = redis.call('HMGET', KEYS[1], 'worker', 'age_ms')
if told[1] and told[1] ~= ARGV[1] and tonumber(told[2]) > tonumber(ARGV[2]) then return end
redis.call('HSET', KEYS[1], 'worker', ARGV[1], 'age_ms', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])",
    )
});

/// One worker's voice.
pub struct Teller {
    line: Line,
    key: String,
    worker: String,
}

impl Teller {
    /// Connects when it first tells.
    ///
    /// # Errors
    /// Where `redis.url` is no URL of a Redis.
    pub fn new(redis: &config::Redis) -> Result<Self, RedisError> {
        let worker = Uuid::new_v4().to_string();
        Ok(Self { line: Line::new(redis)?, key: key(&redis.prefix), worker })
    }

    /// Tells the age of the oldest message in hand, zero where there is none.
    ///
    /// # Errors
    /// Where Redis does not answer; nobody needs to know, the age is then unknown.
    pub async fn tell(&mut self, age: Duration) -> RedisResult<()> {
        let mut telling = TELL.key(&self.key);
        telling
            .arg(&self.worker)
            .arg(u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
            .arg(COUNTS_FOR_MS);
        self.line
            .use_for(async |connection| telling.invoke_async(connection).await)
            .await
    }
}

/// Whoever only wants to know, now and then.
pub struct Asker {
    line: Line,
    prefix: String,
}

impl Asker {
    /// Connects when it first asks.
    ///
    /// # Errors
    /// Where `redis.url` is no URL of a Redis.
    pub fn new(redis: &config::Redis) -> Result<Self, RedisError> {
        Ok(Self { line: Line::new(redis)?, prefix: redis.prefix.clone() })
    }

    /// The greatest age that workers tell; absent: no worker tells one.
    ///
    /// # Errors
    /// Where Redis does not answer.
    pub async fn ask(&mut self) -> RedisResult<Option<Duration>> {
        let question = ask(&self.prefix);
        let (age,): (Option<u64>,) = self
            .line
            .use_for(async |connection| question.query_async(connection).await)
            .await?;
        Ok(age.map(Duration::from_millis))
    }
}

/// A connection that is made when it is needed, and kept while it answers.
struct Line {
    client: Client,
    settings: AsyncConnectionConfig,
    connection: Option<MultiplexedConnection>,
}

impl Line {
    fn new(redis: &config::Redis) -> Result<Self, RedisError> {
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(Duration::from_millis(redis.connect_timeout_ms)))
            .set_response_timeout(Some(Duration::from_millis(redis.worker_timeout_ms)));
        Ok(Self { client: Client::open(redis.url.expose())?, settings, connection: None })
    }

    async fn use_for<T>(
        &mut self,
        purpose: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                self.client
                    .get_multiplexed_async_connection_with_config(&self.settings)
                    .await?
            }
        };
        let answer = purpose(&mut connection).await?;
        self.connection = Some(connection);
        Ok(answer)
    }
}

/// Asks for the greatest age that workers tell; the answer is absent or in milliseconds.
#[must_use]
pub fn ask(prefix: &str) -> Pipeline {
    let mut asked = pipe();
    asked.hget(key(prefix), "age_ms");
    asked
}

fn key(prefix: &str) -> String {
    format!("{prefix}:age")
}
