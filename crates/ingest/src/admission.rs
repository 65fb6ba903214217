//! How many requests one client may make: a small budget for requests that are not believed, and each source's own
//! limit for those that are, which all replicas share. Memory is bounded whoever comes.

mod failures;
mod requests;
pub mod shared;

pub use failures::Failures;
pub use requests::Requests;

use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;
use waybill_common::config::RateLimit;

/// Addresses that one limiter remembers. Above it new ones are not counted: a limit protects the work behind it, it
/// must not lock out strangers because others are many. So a limiter takes at most 32 MiB, which a test measures.
pub(crate) const OWNERS_MAX: usize = 100_000;

/// So many in so long, refilled evenly.
pub(crate) fn quota(requests: u32, window: Duration) -> Quota {
    let burst = NonZeroU32::new(requests).expect("the configuration refuses a limit of 0");
    Quota::with_period(interval(requests, window))
        .expect("the interval is not 0")
        .allow_burst(burst)
}

/// After how long one more is let in. In whole microseconds, which is how exactly Redis counts: so both decide alike.
fn interval(requests: u32, window: Duration) -> Duration {
    let micros = window.as_micros() / u128::from(requests);
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX).max(1))
}

fn window(limit: RateLimit) -> Duration {
    Duration::from_secs(limit.window_seconds.into())
}

#[cfg(test)]
mod tests;
