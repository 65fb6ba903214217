//! Waiting for something to come true, instead of sleeping and hoping.

use std::fmt::Debug;
use std::time::Duration;

use tokio::time::{Instant, sleep};

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks again and again until `look` says `Ok`, and returns what it found.
///
/// # Panics
/// After `within`, with the last thing that was seen instead.
#[track_caller]
pub fn eventually<T, E: Debug>(
    within: Duration,
    look: impl AsyncFnMut() -> Result<T, E>,
) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    wait(within, look, caller)
}

async fn wait<T, E: Debug>(
    within: Duration,
    mut look: impl AsyncFnMut() -> Result<T, E>,
    caller: &'static std::panic::Location<'static>,
) -> T {
    let end = Instant::now() + within;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) if Instant::now() >= end => {
                panic!("not within {within:?} (at {caller}); last seen: {seen:?}")
            }
            Err(_) => sleep(LOOK_EVERY).await,
        }
    }
}
