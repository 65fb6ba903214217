//! A key prefix of a test's own on a shared Redis; its keys are deleted at the end.

use deadpool_redis::redis::{Client, Commands as _, Connection, RedisResult};
use uuid::Uuid;
use waybill_common::config;

use crate::environment::redis_url;

/// A prefix that nobody else uses.
pub struct TestRedis {
    pub config: config::Redis,
}

impl TestRedis {
    #[must_use]
    pub fn new() -> Self {
        Self::on(&redis_url())
    }

    /// On another server, such as a private one.
    #[must_use]
    pub fn on(url: &str) -> Self {
        let prefix = format!("t.{}", Uuid::now_v7().simple());
        Self { config: config::Redis { url: url.into(), prefix, ..Default::default() } }
    }

    /// The keys that exist under the prefix.
    ///
    /// # Errors
    /// Where Redis is away.
    pub fn keys(&self) -> RedisResult<Vec<String>> {
        let mut connection = self.connect()?;
        let found = connection.scan_match(format!("{}:*", self.config.prefix))?;
        let mut keys = found.collect::<RedisResult<Vec<String>>>()?;
        keys.sort();
        Ok(keys)
    }

    /// A plain connection, for looking around.
    ///
    /// # Errors
    /// Where Redis is away.
    pub fn connect(&self) -> RedisResult<Connection> {
        Client::open(self.config.url.expose())?.get_connection()
    }

    fn delete(&self) -> RedisResult<()> {
        let keys = self.keys()?;
        if keys.is_empty() {
            return Ok(());
        }
        self.connect()?.del(keys)
    }
}

impl Default for TestRedis {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        // Redis may have been stopped by the test itself, and took its keys along.
        drop(self.delete());
    }
}
