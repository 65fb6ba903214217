//! What a worker does besides webhooks: makes the months of the log ahead, looks for retries that never
//! came back, and tells ingest how old the oldest event in hand is.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use waybill_common::age::{self, Teller};
use waybill_common::domain::Timestamp;
use waybill_common::storage::{partitions, webhooks};

use crate::engine::Engine;
use crate::health::one_line;

const PARTITIONS_EVERY: Duration = Duration::from_secs(24 * 3600);
const OVERDUE_EVERY: Duration = Duration::from_secs(15);
/// A retry queue that cannot forward tries again each 180 s, so what is later than this is stuck (BROKER.md, section 2).
const OVERDUE_AFTER_MICROS: i64 = 200 * 1_000_000;
/// After a failure.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Makes partitions at once and daily, until `stop`.
pub(crate) async fn make_partitions(engine: Arc<Engine>, stop: CancellationToken) {
    loop {
        let pause = match make(&engine).await {
            Ok(made) => {
                tracing::info!(made, "the months of the log are made ahead");
                PARTITIONS_EVERY
            }
            Err(error) => {
                tracing::error!(
                    error = one_line(&error),
                    "could not make the months of the log ahead"
                );
                AGAIN_AFTER
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Counts retries that are long due, and raises the alarm, until `stop`.
pub(crate) async fn watch_retries(engine: Arc<Engine>, stop: CancellationToken) {
    loop {
        match overdue(&engine).await {
            Ok(overdue) => {
                engine.metrics.overdue(overdue);
                if overdue > 0 {
                    tracing::error!(
                        overdue,
                        "retries are long due and did not come back: look at the delay queues"
                    );
                }
            }
            Err(error) => {
                tracing::warn!(error = one_line(&error), "could not look for overdue retries");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(OVERDUE_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Tells ingest how old the oldest event in hand is, until `stop`. Where Redis is away nobody is told.
pub(crate) async fn tell_age(engine: Arc<Engine>, stop: CancellationToken) {
    let mut teller = match Teller::new(&engine.config.redis) {
        Ok(teller) => teller,
        Err(error) => return tracing::warn!(%error, "the age of messages will not be told"),
    };
    let mut ticks = tokio::time::interval(age::TELL_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let oldest = engine.progress.oldest_straight();
        let micros = oldest.map_or(0, |oldest| engine.clock.now().micros() - oldest.micros());
        let age = Duration::from_micros(micros.max(0).unsigned_abs());
        if let Err(error) = teller.tell(age).await {
            tracing::debug!(%error, "the age of messages could not be told");
        }
    }
}

async fn make(engine: &Engine) -> anyhow::Result<usize> {
    let mut conn = engine.pool.get().await?;
    Ok(partitions::make_ahead(&mut conn, engine.clock.now()).await?)
}

async fn overdue(engine: &Engine) -> anyhow::Result<u64> {
    let mut conn = engine.pool.get().await?;
    let due = engine.clock.now().micros() - OVERDUE_AFTER_MICROS;
    let overdue = webhooks::overdue(&mut conn, Timestamp::from_micros_saturating(due)).await?;
    Ok(overdue.unsigned_abs())
}
