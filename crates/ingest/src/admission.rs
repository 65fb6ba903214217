//! How many requests one client may make: a small budget for requests that are not believed, and each source's own
//! limit for those that are. Both live in this process; memory is bounded whoever comes.

mod failures;
mod requests;

pub use failures::Failures;
pub use requests::Requests;

use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;

/// Addresses that one limiter remembers. Above it new ones are not counted: a limit protects the work behind it, it
/// must not lock out strangers because others are many.
const OWNERS_MAX: usize = 100_000;

/// So many in so long, refilled evenly.
fn quota(requests: u32, window: Duration) -> Quota {
    let burst = NonZeroU32::new(requests).expect("the configuration refuses a limit of 0");
    let interval = (window / requests).max(Duration::from_nanos(1));
    Quota::with_period(interval)
        .expect("the interval is not 0")
        .allow_burst(burst)
}

#[cfg(test)]
mod tests;
