//! Watches how much is waiting, once a second, so that a request need only read one number; and who sends how much of it.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use waybill_common::age;
use waybill_common::broker::Depth;
use waybill_common::config::Config;

use crate::pressure::{Asking, Limits, Pressure, Seen};
use crate::redis::Redis;
use crate::sources::Source;

/// How often it is looked at.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The last look at what waits.
pub struct Load {
    limits: Limits,
    depth: watch::Receiver<Depth>,
    redis: Redis,
    redis_prefix: String,
    pressure: AtomicU8,
}

/// What one source has sent lately.
#[derive(Default)]
pub struct Share {
    /// Since the last look.
    sent: AtomicU64,
    /// All of it, of which each look forgets half: about the last two seconds.
    lately: AtomicU64,
    over: AtomicBool,
}

impl Load {
    #[must_use]
    pub fn new(config: &Config, depth: watch::Receiver<Depth>, redis: Redis) -> Self {
        let limits = Limits {
            depth_soft: config.backpressure.soft_depth,
            depth_hard: config.broker.max_backlog,
            age_soft: Duration::from_secs(config.backpressure.soft_age_seconds),
            age_hard: Duration::from_secs(config.backpressure.hard_age_seconds),
        };
        let redis_prefix = config.redis.prefix.clone();
        Self { limits, depth, redis, redis_prefix, pressure: AtomicU8::new(0) }
    }

    #[must_use]
    pub fn pressure(&self) -> Pressure {
        Pressure::of_level(self.pressure.load(Ordering::Relaxed))
    }

    /// Whether a source's events are refused now. Counts them as sent, taken or not: a source that is over its share stays
    /// over it for as long as it sends so much.
    #[must_use]
    pub fn refuses(&self, source: &Source, events: usize, moves_money: bool) -> bool {
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        source.share.sent.fetch_add(events, Ordering::Relaxed);
        self.pressure().refuses(Asking {
            retries: source.adapter.retries(),
            moves_money,
            over_share: source.share.over.load(Ordering::Relaxed),
        })
    }

    /// Looks again: at the queues, at what the workers tell, and at the sources.
    pub async fn look<'a>(&self, sources: impl Iterator<Item = &'a Source>) -> Pressure {
        let told: Option<(Option<u64>,)> = self.redis.run(&age::ask(&self.redis_prefix)).await;
        let age = told.and_then(|(age,)| age).map(Duration::from_millis);
        let depth = self.depth.borrow().work();
        let now = self.limits.pressure(Seen { depth, age });
        let before = Pressure::of_level(self.pressure.swap(now.level(), Ordering::Relaxed));
        if now > before {
            tracing::warn!(?before, ?now, ?depth, ?age, "too much is waiting: less is taken");
        } else if now < before {
            tracing::info!(?before, ?now, ?depth, ?age, "less is waiting: more is taken");
        }
        judge(&sources.map(|source| &source.share).collect::<Vec<_>>());
        now
    }
}

/// A fair share is an equal one, of what all sources that send anything send; a quarter above it is still fair.
fn judge(shares: &[&Share]) {
    let lately: Vec<u64> = shares.iter().map(|share| share.turn()).collect();
    let all: u64 = lately.iter().fold(0, |sum, sent| sum.saturating_add(*sent));
    let active = lately.iter().filter(|sent| **sent > 0).count();
    let active = u64::try_from(active).unwrap_or(u64::MAX).max(1);
    let fair = all / active + all / active / 4;
    for (share, sent) in shares.iter().zip(lately) {
        share.over.store(sent > fair, Ordering::Relaxed);
    }
}

impl Share {
    fn turn(&self) -> u64 {
        let sent = self.sent.swap(0, Ordering::Relaxed);
        let lately = self.lately.load(Ordering::Relaxed) / 2 + sent;
        self.lately.store(lately, Ordering::Relaxed);
        lately
    }
}

#[cfg(test)]
mod tests;
