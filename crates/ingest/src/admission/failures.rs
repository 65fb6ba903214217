//! The budget of requests that were not believed. It is asked before any other work, and only failures use it up, so
//! a stranger cannot spend a provider's quota.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::{DefaultKeyedRateLimiter, RateLimiter};
use tokio::time::Instant;
use waybill_common::client::budget_owner;

use super::{OWNERS_MAX, quota};
use crate::error::Exhausted;

const WINDOW: Duration = Duration::from_secs(60);

/// Failures of every address, as many as are remembered.
pub struct Failures {
    limiter: DefaultKeyedRateLimiter<IpAddr, StateInformationMiddleware>,
    /// Whose budget is used up, and until when. The limiter itself cannot be asked without using it.
    exhausted: Mutex<HashMap<IpAddr, Instant>>,
    limit: u32,
}

impl Failures {
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self {
            limiter: RateLimiter::keyed(quota(per_minute, WINDOW)).with_middleware(),
            exhausted: Mutex::default(),
            limit: per_minute,
        }
    }

    /// Lets the client in while it has budget left.
    ///
    /// # Errors
    /// When it may come again.
    pub fn admit(&self, client: IpAddr) -> Result<(), Exhausted> {
        let now = Instant::now();
        match self.until().get(&budget_owner(client)) {
            Some(until) if *until > now => {
                Err(Exhausted { retry_after: *until - now, limit: self.limit, window: WINDOW })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Counts a request that was not believed.
    pub fn count(&self, client: IpAddr) {
        if self.limiter.len() >= OWNERS_MAX {
            return;
        }
        let owner = budget_owner(client);
        let wait = match self.limiter.check_key(&owner) {
            Ok(left) if left.remaining_burst_capacity() > 0 => return,
            Ok(left) => left.quota().replenish_interval(),
            Err(until) => until.wait_time_from(DefaultClock::default().now()),
        };
        self.until().insert(owner, Instant::now() + wait);
    }

    /// Frees what would be new again anyway. Cheap enough for once a minute.
    pub fn forget_idle(&self) {
        let now = Instant::now();
        self.until().retain(|_, until| *until > now);
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.limiter.len().max(self.until().len())
    }

    fn until(&self) -> MutexGuard<'_, HashMap<IpAddr, Instant>> {
        self.exhausted
            .lock()
            .expect("no holder of this lock can panic")
    }
}
