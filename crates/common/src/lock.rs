//! Locks of orders in Redis: they save work and are never needed for correctness (BROKER.md, section 5).
//!
//! **Who acts.** A worker takes the locks of a whole batch in one round trip, hears which were busy, and works on the rest.
//! **What is guaranteed.** Two holders never meet while Redis keeps its word; a holder that outlives its time to live
//! cannot remove another's lock, since every word compares a token. Whoever writes to the database compares versions all
//! the same. **What happens if a part dies.** Holder: its locks expire. Redis: callers get an error and go on without;
//! a Redis that hangs costs one timeout, not one per batch, because a breaker waits for it in the background.

mod guard;
mod redis;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;
use uuid::Uuid;

pub use guard::Guard;

use self::redis::Redis;
use crate::config;
use crate::shutdown::Shutdown;

/// Why nothing was locked. Go on without: the database decides.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Redis did not answer lately; it is being watched for.
    #[error("redis is away")]
    Away,
    #[error("redis did not answer in time")]
    TimedOut,
    #[error("could not connect to redis")]
    Unreachable(#[source] deadpool_redis::PoolError),
    #[error("redis refused")]
    Refused(#[source] deadpool_redis::redis::RedisError),
}

/// What came of asking for locks.
#[must_use]
pub struct Acquired {
    /// The references, as they were given, that somebody else holds.
    pub busy: HashSet<String>,
    /// Holds all the others until it is released or dropped.
    pub guard: Guard,
}

/// Takes locks. Clones share their connections.
#[derive(Clone)]
pub struct Locks {
    /// Absent: `lock.mode` is `off`.
    redis: Option<Redis>,
    prefix: Arc<str>,
    ttl: Duration,
    runtime: Handle,
    shutdown: Shutdown,
}

impl Locks {
    /// Connects when the first lock is taken. To be called on the service's main runtime.
    ///
    /// # Errors
    /// When the URL is not one of Redis.
    pub fn connect(
        redis: &config::Redis,
        lock: &config::Lock,
        shutdown: &Shutdown,
    ) -> Result<Self, LockError> {
        let client = match lock.mode {
            config::LockMode::Redis => Some(Redis::new(redis, shutdown)?),
            config::LockMode::Off => None,
        };
        Ok(Self {
            redis: client,
            prefix: format!("{}:lock:", redis.prefix).into(),
            ttl: Duration::from_millis(lock.ttl_ms),
            runtime: Handle::current(),
            shutdown: shutdown.clone(),
        })
    }

    /// Locks each reference that is free, in one round trip, and renews them for as long as they are held. Nobody waits.
    ///
    /// # Errors
    /// When Redis is away or refuses; nothing is held then, or only until it expires.
    pub async fn acquire(&self, references: &[String]) -> Result<Acquired, LockError> {
        let mut references: Vec<&String> = references.iter().collect();
        // The second of two equal keys would find the first one busy.
        references.sort_unstable();
        references.dedup();
        let Some(redis) = self.redis.clone().filter(|_| !references.is_empty()) else {
            return Ok(Acquired { busy: HashSet::new(), guard: Guard::nothing() });
        };
        let keys = references
            .iter()
            .map(|reference| format!("{}{reference}", self.prefix))
            .collect();
        // Counted from before the question: Redis cannot have started its clock earlier.
        let asked = Instant::now();
        let token = Uuid::new_v4().simple().to_string();
        let mut guard = guard::unsure(self, redis.clone(), token, keys);
        // An error drops the guard, which releases what may have been taken.
        let taken = redis.acquire(guard.token(), guard.keys(), self.ttl).await?;
        let busy = references
            .into_iter()
            .enumerate()
            .filter(|(index, _)| taken.contains(index));
        let busy = busy.map(|(_, reference)| reference.clone()).collect();
        guard.hold(&taken, asked);
        Ok(Acquired { busy, guard })
    }
}
