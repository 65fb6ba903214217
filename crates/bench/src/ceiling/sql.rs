//! The transactions alone: the worker's own `commit` on events that lie ready in memory, without broker, locks or
//! acknowledgements. It includes what the worker decides between reading and writing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use tokio::task::JoinSet;
use waybill_common::clock::Clock;
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::{Connection, pool};

use crate::drain::since;
use crate::figure::steady_rate;
use crate::machine::{Database, Expected, Stage};
use crate::workload::{Accepted, pending};

/// How events become transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slicing {
    pub(crate) batch: usize,
    /// Connections at work at once.
    pub(crate) tasks: usize,
}

impl Slicing {
    /// As the worker's defaults, on one connection.
    pub(crate) const BATCHES: Self = Self { batch: 500, tasks: 1 };
    /// A transaction for each webhook.
    pub(crate) const ONE_BY_ONE: Self = Self { batch: 1, tasks: 16 };
}

/// Committed a second, into an empty database.
pub(crate) async fn sql_alone(
    stage: &mut Stage,
    webhooks: &[Accepted],
    slicing: Slicing,
) -> anyhow::Result<f64> {
    let mut database = stage.database().await?;
    let rate = sql_alone_into(&mut database, webhooks, slicing).await;
    stage.drop_database(database).await?;
    rate
}

/// Committed a second, into a database that may hold others.
pub(crate) async fn sql_alone_into(
    database: &mut Database,
    webhooks: &[Accepted],
    slicing: Slicing,
) -> anyhow::Result<f64> {
    commit_into(database, webhooks, slicing).await?;
    Ok(steady_rate(&database.commits(since(webhooks)?, None).await?))
}

/// Commits them all, and sees that they are.
pub(crate) async fn commit_into(
    database: &mut Database,
    webhooks: &[Accepted],
    slicing: Slicing,
) -> anyhow::Result<()> {
    let events = Arc::new(pending(webhooks));
    let next = Arc::new(AtomicUsize::new(0));
    let connections = pool::connect(database.settings(), slicing.tasks)?;
    let mut tasks = JoinSet::new();
    for _ in 0..slicing.tasks {
        let conn = connections
            .get()
            .await
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        tasks.spawn(work(conn, (Arc::clone(&events), slicing.batch), Arc::clone(&next)));
    }
    while let Some(done) = tasks.join_next().await {
        done.context("a task panicked")??;
    }
    connections.close();
    let expected = Expected { since: since(webhooks)?, webhooks: webhooks.len() as u64 };
    database.ensure(expected).await
}

async fn work(
    mut conn: Connection,
    (events, batch): (Arc<Vec<Pending>>, usize),
    next: Arc<AtomicUsize>,
) -> anyhow::Result<()> {
    loop {
        let from = next.fetch_add(batch, Ordering::Relaxed);
        let Some(rest) = events.get(from..).filter(|rest| !rest.is_empty()) else {
            return Ok(());
        };
        commit_all(&mut conn, rest[..batch.min(rest.len())].to_vec()).await?;
    }
}

/// Again and again what others were faster at.
async fn commit_all(conn: &mut Connection, mut batch: Vec<Pending>) -> anyhow::Result<()> {
    while !batch.is_empty() {
        let committed = commit(conn, &batch, Clock::system().now()).await?;
        let missed = committed.missed.into_iter();
        batch = missed.map(|index| batch[index].clone()).collect();
    }
    Ok(())
}
