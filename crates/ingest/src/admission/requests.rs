//! A source's own limit, counted after verification: per client address, or for the source as a whole. Redis counts for
//! all replicas; where it does not answer, each replica counts for itself, and nobody is refused for that.

use std::net::IpAddr;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, RateLimiter};
use waybill_common::client::budget_owner;
use waybill_common::config::{RateLimit, RateLimitPer};

use super::{OWNERS_MAX, quota, shared, window};
use crate::error::Exhausted;
use crate::redis::Redis;

/// One source's limit and what is used of it.
pub struct Requests {
    source: String,
    limit: RateLimit,
    /// What is used while Redis does not answer.
    own: Own,
}

enum Own {
    PerIp(DefaultKeyedRateLimiter<IpAddr>),
    PerSource(DefaultDirectRateLimiter),
}

impl Requests {
    #[must_use]
    pub fn new(source: &str, limit: RateLimit) -> Self {
        let quota = quota(limit.requests, window(limit));
        let own = match limit.per {
            RateLimitPer::Ip => Own::PerIp(RateLimiter::keyed(quota)),
            RateLimitPer::Source => Own::PerSource(RateLimiter::direct(quota)),
        };
        Self { source: source.to_owned(), limit, own }
    }

    /// Counts one believed request.
    ///
    /// # Errors
    /// When the client may come again.
    pub async fn admit(&self, client: IpAddr, redis: &Redis) -> Result<(), Exhausted> {
        let key = redis.key("rate", &self.owner(client));
        match shared::wait(redis, key, self.limit).await {
            Some(Duration::ZERO) => Ok(()),
            Some(wait) => Err(self.exhausted(wait)),
            None => self.admit_alone(client),
        }
    }

    /// As [`admit`](Self::admit), as far as this replica knows.
    pub(super) fn admit_alone(&self, client: IpAddr) -> Result<(), Exhausted> {
        match &self.own {
            Own::PerSource(all) => all.check(),
            Own::PerIp(each) => {
                if each.len() >= OWNERS_MAX {
                    return Ok(());
                }
                each.check_key(&budget_owner(client))
            }
        }
        .map_err(|until| self.exhausted(until.wait_time_from(DefaultClock::default().now())))
    }

    /// Frees what would be new again anyway.
    pub fn forget_idle(&self) {
        if let Own::PerIp(each) = &self.own {
            each.retain_recent();
            each.shrink_to_fit();
        }
    }

    /// Whose budget it is, as Redis knows it.
    fn owner(&self, client: IpAddr) -> String {
        match self.limit.per {
            RateLimitPer::Ip => format!("{}:{}", self.source, budget_owner(client)),
            RateLimitPer::Source => self.source.clone(),
        }
    }

    fn exhausted(&self, retry_after: Duration) -> Exhausted {
        Exhausted { retry_after, limit: self.limit.requests, window: window(self.limit) }
    }
}
