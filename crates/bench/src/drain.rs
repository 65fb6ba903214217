//! The worker alone: a queue is filled, a worker empties it, and everything in it must have its verdict then.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::{Instant, sleep};
use waybill_common::domain::Timestamp;

use crate::figure::steady_rate;
use crate::machine::{Database, Expected, Program, Stage, Tweak, Usage};
use crate::workload::Accepted;

const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Without one more verdict: it is stuck.
const STUCK: Duration = Duration::from_secs(60);

/// What a worker did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drained {
    /// Events committed a second, at the server's own time of the commits.
    pub(crate) per_second: f64,
    pub(crate) usage: Usage,
    /// Bytes of write-ahead log for each event.
    pub(crate) log_bytes: f64,
}

/// Into an empty database.
pub(crate) async fn drain(
    stage: &mut Stage,
    webhooks: &[Accepted],
    tweak: Tweak,
) -> anyhow::Result<Drained> {
    let mut database = stage.database().await?;
    let drained = drain_into(stage, &mut database, webhooks, tweak).await?;
    stage.drop_database(database).await?;
    Ok(drained)
}

/// Into a database that may hold others.
pub(crate) async fn drain_into(
    stage: &Stage,
    database: &mut Database,
    webhooks: &[Accepted],
    tweak: Tweak,
) -> anyhow::Result<Drained> {
    let since = since(webhooks)?;
    stage.queues.fill(webhooks).await?;
    let logged_before = database.log_bytes().await?;
    let worker = stage.start_worker(database, tweak).await?;
    let expected = Expected { since, webhooks: webhooks.len() as u64 };
    let usage = finish(stage, database, (worker, expected)).await?;
    let log_bytes = (database.log_bytes().await? - logged_before) / webhooks.len() as f64;
    let per_second = steady_rate(&database.commits(since, None).await?);
    Ok(Drained { per_second, usage, log_bytes })
}

/// Waits for the last verdict, stops the worker, and checks that nothing is missing and nothing is left.
pub(crate) async fn finish(
    stage: &Stage,
    database: &mut Database,
    (worker, expected): (Program, Expected),
) -> anyhow::Result<Usage> {
    until_settled(stage, database, expected).await?;
    let usage = worker.usage()?;
    worker.stop().await?;
    stage.queues.ensure_empty().await?;
    database.ensure(expected).await?;
    Ok(usage)
}

/// Waits until so many have a verdict. They are counted only once the queue is empty: counting costs the server more than
/// committing.
pub(crate) async fn until_settled(
    stage: &Stage,
    database: &mut Database,
    expected: Expected,
) -> anyhow::Result<()> {
    let (mut last, mut moved) = (u64::MAX, Instant::now());
    loop {
        let waiting = stage.queues.waiting().await?;
        let left = match waiting {
            0 => expected
                .webhooks
                .saturating_sub(database.settled(expected.since).await?),
            waiting => waiting,
        };
        if left == 0 {
            return Ok(());
        }
        if left != last {
            (last, moved) = (left, Instant::now());
        }
        anyhow::ensure!(
            moved.elapsed() < STUCK,
            "{left} webhooks have no verdict, and no more come"
        );
        sleep(LOOK_EVERY).await;
    }
}

/// When the first of them was received.
pub(crate) fn since(webhooks: &[Accepted]) -> anyhow::Result<Timestamp> {
    let first = webhooks
        .first()
        .context("there is nothing to measure with")?;
    Ok(first.envelope.received_at)
}
