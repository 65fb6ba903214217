//! A source's own limit, counted after verification: per client address, or for the source as a whole.

use std::net::IpAddr;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock, QuantaInstant};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, NotUntil, RateLimiter};
use waybill_common::config::{RateLimit, RateLimitPer};

use super::{OWNERS_MAX, quota};
use crate::client::budget_owner;
use crate::error::Exhausted;

/// One source's limit and what is used of it.
pub struct Requests {
    limit: RateLimit,
    used: Used,
}

enum Used {
    PerIp(DefaultKeyedRateLimiter<IpAddr>),
    PerSource(DefaultDirectRateLimiter),
}

impl Requests {
    #[must_use]
    pub fn new(limit: RateLimit) -> Self {
        let quota = quota(limit.requests, window(limit));
        let used = match limit.per {
            RateLimitPer::Ip => Used::PerIp(RateLimiter::keyed(quota)),
            RateLimitPer::Source => Used::PerSource(RateLimiter::direct(quota)),
        };
        Self { limit, used }
    }

    /// Counts one believed request.
    ///
    /// # Errors
    /// When the client may come again.
    pub fn admit(&self, client: IpAddr) -> Result<(), Exhausted> {
        match &self.used {
            Used::PerSource(all) => all.check(),
            Used::PerIp(each) => {
                if each.len() >= OWNERS_MAX {
                    return Ok(());
                }
                each.check_key(&budget_owner(client))
            }
        }
        .map_err(|until| self.exhausted(&until))
    }

    /// Frees what would be new again anyway.
    pub fn forget_idle(&self) {
        if let Used::PerIp(each) = &self.used {
            each.retain_recent();
            each.shrink_to_fit();
        }
    }

    fn exhausted(&self, until: &NotUntil<QuantaInstant>) -> Exhausted {
        Exhausted {
            retry_after: until.wait_time_from(DefaultClock::default().now()),
            limit: self.limit.requests,
            window: window(self.limit),
        }
    }
}

fn window(limit: RateLimit) -> Duration {
    Duration::from_secs(limit.window_seconds.into())
}
