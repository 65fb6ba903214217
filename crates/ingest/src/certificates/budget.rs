//! How often strangers may make us ask for certificates that were never believed.

use std::net::IpAddr;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, RateLimiter};

use waybill_common::client::budget_owner;

use crate::admission::{OWNERS_MAX, quota};

const WINDOW: Duration = Duration::from_secs(60);
/// More than `PayPal` has addresses in use.
const ALL_PER_MINUTE: u32 = 20;
const CLIENT_PER_MINUTE: u32 = 4;

pub(super) struct Budget {
    all: DefaultDirectRateLimiter,
    each: DefaultKeyedRateLimiter<IpAddr>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            all: RateLimiter::direct(quota(ALL_PER_MINUTE, WINDOW)),
            each: RateLimiter::keyed(quota(CLIENT_PER_MINUTE, WINDOW)),
        }
    }
}

impl Budget {
    /// The client's own budget is asked first, so that one client cannot use up everybody's.
    pub(super) fn allows(&self, client: IpAddr) -> bool {
        if self.each.len() >= OWNERS_MAX {
            self.each.retain_recent();
        }
        let own =
            self.each.len() < OWNERS_MAX && self.each.check_key(&budget_owner(client)).is_ok();
        own && self.all.check().is_ok()
    }
}

#[cfg(test)]
mod tests;
