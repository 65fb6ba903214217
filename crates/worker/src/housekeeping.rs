//! What a worker does besides webhooks: makes the months of the log ahead, keeps small tables small, looks for retries
//! that never came back, and tells ingest how old the oldest event in hand is, and the console how much waits.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use waybill_common::age::{self, Teller};
use waybill_common::broker::Depth;
use waybill_common::domain::Timestamp;
use waybill_common::storage::queue_looks::{self, Look};
use waybill_common::storage::{partitions, secret_uses, webhooks};

use crate::engine::Engine;
use crate::health::one_line;

const TABLES_EVERY: Duration = Duration::from_secs(24 * 3600);
const OVERDUE_EVERY: Duration = Duration::from_secs(15);
/// A retry queue that cannot forward tries again each 180 s, so what is later than this is stuck (BROKER.md, section 2).
const OVERDUE_AFTER_MICROS: i64 = 200 * 1_000_000;
/// After a failure.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Makes partitions, and makes small what has grown, at once and daily, until `stop`.
pub(crate) async fn look_after_tables(engine: Arc<Engine>, stop: CancellationToken) {
    loop {
        let pause = match look_after(&engine).await {
            Ok(made) => {
                tracing::info!(made, "the months of the log are made ahead");
                TABLES_EVERY
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
        if let Err(error) = teller.tell(age_in_hand(&engine)).await {
            tracing::debug!(%error, "the age of messages could not be told");
        }
    }
}

/// Tells in the database how much waits, for a console that reaches nothing else, until `stop`. While the broker is away
/// nothing is known, and nothing told.
pub(crate) async fn tell_queues(
    engine: Arc<Engine>,
    depth: watch::Receiver<Depth>,
    stop: CancellationToken,
) {
    let worker = Uuid::now_v7();
    let mut ticks = tokio::time::interval(queue_looks::TELL_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let ready: Vec<(u16, u32)> = depth.borrow().shards().collect();
        if ready.is_empty() {
            continue;
        }
        let (oldest_age, seen_at) = (age_in_hand(&engine), engine.clock.now());
        if let Err(error) = tell(&engine, &Look { worker, ready, oldest_age, seen_at }).await {
            tracing::debug!(error = one_line(&error), "how much waits could not be told");
        }
    }
}

/// Of the oldest event that came straight from ingest.
fn age_in_hand(engine: &Engine) -> Duration {
    let oldest = engine.progress.oldest_straight();
    let micros = oldest.map_or(0, |oldest| engine.clock.now().micros() - oldest.micros());
    Duration::from_micros(micros.max(0).unsigned_abs())
}

async fn tell(engine: &Engine, look: &Look) -> anyhow::Result<()> {
    let mut conn = engine.pool.get().await?;
    Ok(queue_looks::tell(&mut conn, look).await?)
}

async fn look_after(engine: &Engine) -> anyhow::Result<usize> {
    let mut conn = engine.pool.get().await?;
    let made = partitions::make_ahead(&mut conn, engine.clock.now()).await?;
    if let Err(error) = secret_uses::fold(&mut conn, engine.clock.now()).await {
        // The table is a little larger until tomorrow.
        tracing::warn!(%error, "what replicas that are gone have told was not folded");
    }
    Ok(made)
}

async fn overdue(engine: &Engine) -> anyhow::Result<u64> {
    let mut conn = engine.pool.get().await?;
    let due = engine.clock.now().micros() - OVERDUE_AFTER_MICROS;
    let overdue = webhooks::overdue(&mut conn, Timestamp::from_micros_saturating(due)).await?;
    Ok(overdue.unsigned_abs())
}
