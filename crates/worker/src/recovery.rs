//! Closes the breaker again, and waits for the database when the worker starts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use waybill_common::backoff::FullJitter;

use crate::breaker::State;
use crate::engine::Engine;
use crate::health::one_line;

const START_FIRST: Duration = Duration::from_millis(500);
const START_MOST: Duration = Duration::from_secs(10);

/// Waits until the database can be worked with: a service starts before its database, or before it is migrated. False once
/// the worker is to stop.
pub(crate) async fn await_database(engine: &Engine, stop: &CancellationToken) -> bool {
    let mut pauses = FullJitter::new(START_FIRST, START_MOST);
    loop {
        match engine.probe_database().await {
            Ok(()) => return true,
            Err(error) => {
                tracing::error!(error = one_line(&error), "the database cannot be worked with yet");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pauses.next_wait()) => {}
            () = stop.cancelled() => return false,
        }
    }
}

/// Probes whatever is away whenever the breaker has been open long enough, until `stop`.
pub(crate) async fn close_breaker(engine: Arc<Engine>, stop: CancellationToken) {
    let mut breaker = engine.breaker.watch();
    loop {
        let opened = tokio::select! {
            opened = breaker.wait_for(|state| *state != State::Closed) => match opened {
                Ok(state) => state.clone(),
                Err(_gone) => return,
            },
            () = stop.cancelled() => return,
        };
        let State::Open { until } = opened else { continue };
        tokio::select! {
            () = tokio::time::sleep_until(until.into()) => {}
            () = stop.cancelled() => return,
        }
        match engine.probe().await {
            Ok(()) => engine.breaker.close(Instant::now()),
            Err(error) => {
                tracing::warn!(error = one_line(&error), "the outage goes on");
                engine.breaker.still_away(Instant::now());
            }
        }
    }
}
