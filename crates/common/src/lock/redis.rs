//! The three words spoken to Redis, each one script in one round trip, and the breaker before them.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_redis::redis::{self, AsyncConnectionConfig, FromRedisValue, RedisError, Script};
use deadpool_redis::{Manager, Pool, PoolError, Runtime};
use tokio::time::{sleep, timeout};

use super::LockError;
use crate::config;
use crate::shutdown::Shutdown;

/// Few, since one round trip serves a whole batch: the lanes and their renewals.
const CONNECTIONS: usize = 8;
/// How long an unanswering Redis is left alone before it is asked again, by one probe.
const OPEN: Duration = Duration::from_secs(1);

/// Says which of the keys (counted from 1) somebody else holds.
const ACQUIRE: &str = "
local busy = {}
for i, key in ipairs(KEYS) do
    if not redis.call('SET', key, ARGV[1], 'NX', 'PX', ARGV[2]) then busy[#busy + 1] = i end
end
return busy";

/// Says how many are still ours.
const RENEW: &str = "
local kept = 0
for _, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[1] then kept = kept + redis.call('PEXPIRE', key, ARGV[2]) end
end
return kept";

/// Never another's: the token is compared.
const RELEASE: &str = "
local gone = 0
for _, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[1] then gone = gone + redis.call('DEL', key) end
end
return gone";

/// A pool of connections that is left alone for a while after it did not answer. Clones share it.
#[derive(Clone)]
pub(super) struct Redis {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    acquire: Script,
    renew: Script,
    release: Script,
    /// For an answer.
    patience: Duration,
    /// For a connection and an answer.
    patience_to_connect: Duration,
    has_answered: AtomicBool,
    /// Open: nobody asks but one probe.
    open: AtomicBool,
    shutdown: Shutdown,
}

impl Redis {
    pub(super) fn new(settings: &config::Redis, shutdown: &Shutdown) -> Result<Self, LockError> {
        let patience = Duration::from_millis(settings.worker_timeout_ms);
        let connect = Duration::from_millis(settings.connect_timeout_ms);
        let connection = AsyncConnectionConfig::new()
            .set_response_timeout(Some(patience))
            .set_connection_timeout(Some(connect));
        let manager = Manager::new_with_config(settings.url.expose(), connection)
            .map_err(LockError::Refused)?;
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .wait_timeout(Some(patience))
            .create_timeout(Some(connect))
            .recycle_timeout(Some(patience))
            .runtime(Runtime::Tokio1)
            .build()
            .expect("a runtime is given, which is all that timeouts need");
        let inner = Inner {
            pool,
            acquire: Script::new(ACQUIRE),
            renew: Script::new(RENEW),
            release: Script::new(RELEASE),
            patience,
            patience_to_connect: connect + patience,
            has_answered: AtomicBool::new(false),
            open: AtomicBool::new(false),
            shutdown: shutdown.clone(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The places, counted from 0, of the keys that somebody else holds.
    pub(super) async fn acquire(
        &self,
        token: &str,
        keys: &[String],
        ttl: Duration,
    ) -> Result<HashSet<usize>, LockError> {
        let busy: Vec<usize> = self
            .ask(&self.inner.acquire, token, keys, Some(ttl))
            .await?;
        Ok(busy
            .into_iter()
            .map(|place| place.saturating_sub(1))
            .collect())
    }

    /// How many of the keys are still ours, and have their whole time to live again.
    pub(super) async fn renew(
        &self,
        token: &str,
        keys: &[String],
        ttl: Duration,
    ) -> Result<usize, LockError> {
        self.ask(&self.inner.renew, token, keys, Some(ttl)).await
    }

    /// How many of the keys were ours and are gone.
    pub(super) async fn release(&self, token: &str, keys: &[String]) -> Result<usize, LockError> {
        self.ask(&self.inner.release, token, keys, None).await
    }

    async fn ask<T: FromRedisValue>(
        &self,
        script: &Script,
        token: &str,
        keys: &[String],
        ttl: Option<Duration>,
    ) -> Result<T, LockError> {
        if self.inner.open.load(Ordering::Acquire) {
            return Err(LockError::Away);
        }
        let mut invocation = script.prepare_invoke();
        for key in keys {
            invocation.key(key);
        }
        invocation.arg(token);
        if let Some(ttl) = ttl {
            invocation.arg(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
        }
        let answer = async {
            let mut connection = self
                .inner
                .pool
                .get()
                .await
                .map_err(LockError::Unreachable)?;
            invocation
                .invoke_async(&mut connection)
                .await
                .map_err(LockError::Refused)
        };
        let answer = self.within_patience(answer).await;
        match &answer {
            Ok(_) => self.inner.has_answered.store(true, Ordering::Release),
            Err(error) if is_silence(error) => self.leave_alone(),
            Err(_) => {}
        }
        answer
    }

    /// A first connection may take longer than an answer.
    async fn within_patience<T>(
        &self,
        answer: impl Future<Output = Result<T, LockError>>,
    ) -> Result<T, LockError> {
        let patience = match self.inner.has_answered.load(Ordering::Acquire) {
            true => self.inner.patience,
            false => self.inner.patience_to_connect,
        };
        timeout(patience, answer)
            .await
            .unwrap_or(Err(LockError::TimedOut))
    }

    /// Opens the breaker and watches for Redis, so that no caller has to pay for finding out.
    fn leave_alone(&self) {
        if self.inner.open.swap(true, Ordering::AcqRel) {
            return;
        }
        tracing::warn!("redis does not answer; going on without locks");
        let this = self.clone();
        self.inner.shutdown.spawn(async move {
            loop {
                tokio::select! {
                    () = sleep(OPEN) => {}
                    () = this.inner.shutdown.begun() => return,
                }
                if this.answers().await {
                    this.inner.open.store(false, Ordering::Release);
                    tracing::info!("redis answers again");
                    return;
                }
            }
        });
    }

    async fn answers(&self) -> bool {
        let probe = async {
            let mut connection = self.inner.pool.get().await.ok()?;
            redis::cmd("PING")
                .query_async::<String>(&mut connection)
                .await
                .ok()
        };
        let answer = timeout(self.inner.patience_to_connect, probe).await;
        matches!(answer, Ok(Some(_)))
    }
}

/// No answer at all, as opposed to one that we do not like.
fn is_silence(error: &LockError) -> bool {
    match error {
        LockError::Away | LockError::TimedOut => true,
        LockError::Unreachable(PoolError::Backend(error)) | LockError::Refused(error) => {
            is_dead(error)
        }
        LockError::Unreachable(_) => true,
    }
}

fn is_dead(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_connection_refusal()
}
