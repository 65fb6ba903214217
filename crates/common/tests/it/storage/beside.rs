//! A commit that waits for a lock beside the test.

use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use tokio::task::JoinSet;
use waybill_common::storage::commit::{Committed, Pending, commit};
use waybill_test_support::{TestDatabase, eventually};

use super::ledger::text;
use super::sender::now;

const SOON: Duration = Duration::from_secs(30);
/// What a held up commit waits for.
const GATE: &str = "4711";

/// Lets a commit that captures so much wait before its end, until the gate is opened.
pub(crate) async fn hold_up(owner: &mut AsyncPgConnection, captured: i64) -> anyhow::Result<()> {
    owner
        .batch_execute(&format!(
            "CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NEW; END'; \
             CREATE TRIGGER gate AFTER INSERT ON order_changes FOR EACH ROW WHEN (NEW.captured = {captured}) \
             EXECUTE FUNCTION wait_at_gate(); SELECT pg_advisory_lock({GATE})"
        ))
        .await?;
    Ok(())
}

pub(crate) async fn open_gate(owner: &mut AsyncPgConnection) -> anyhow::Result<()> {
    Ok(owner
        .batch_execute(&format!("SELECT pg_advisory_unlock({GATE})"))
        .await?)
}

pub(crate) async fn commit_beside(
    database: &TestDatabase,
    batch: Vec<Pending>,
) -> anyhow::Result<JoinSet<anyhow::Result<Committed>>> {
    let mut conn = database.connection().await?;
    // The test waits on purpose.
    conn.batch_execute("SET lock_timeout = 0; SET statement_timeout = 0")
        .await?;
    let mut beside = JoinSet::new();
    beside.spawn(async move { Ok(commit(&mut conn, &batch, now()).await?) });
    Ok(beside)
}

/// Waits until so many of this database's sessions wait for a lock of that kind.
pub(crate) async fn until_waiting(conn: &mut AsyncPgConnection, kind: &str) {
    let query = format!(
        "SELECT count(*)::text AS told FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
         WHERE NOT granted AND locktype = '{kind}' AND a.datname = current_database()"
    );
    eventually(SOON, async || {
        let waiting = text(conn, &query)
            .await
            .map_err(|error| error.to_string())?;
        if waiting == "1" { Ok(()) } else { Err(waiting) }
    })
    .await;
}
