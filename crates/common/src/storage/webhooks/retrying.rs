//! Events that wait for another try.

use std::collections::HashSet;

use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::log::{Ended, LogRow, write};
use crate::domain::Timestamp;
use crate::storage::commit::Pending;
use crate::storage::schema::webhooks;

/// An event that goes to a delay queue.
pub struct Retrying<'a> {
    pub pending: &'a Pending,
    /// Tries that have failed, this one included.
    pub attempts: u16,
    /// When its delay ends.
    pub due_at: Timestamp,
    /// The chain of causes, for operators.
    pub error: String,
}

/// Says in the log that events wait for a retry. Returns those that do; the others have a final verdict already, and
/// need no retry.
///
/// # Errors
/// As any statement; nothing is half written.
pub async fn record_retrying(
    conn: &mut AsyncPgConnection,
    retrying: &[Retrying<'_>],
) -> QueryResult<HashSet<Uuid>> {
    let rows: Vec<LogRow<'_>> = retrying.iter().map(row).collect();
    let replayed: Vec<Uuid> = retrying
        .iter()
        .filter(|retrying| retrying.pending.replayed)
        .map(|retrying| retrying.pending.envelope.event.webhook_id)
        .collect();
    write(conn, &rows, &replayed).await
}

fn row<'a>(retrying: &'a Retrying<'_>) -> LogRow<'a> {
    LogRow {
        envelope: &retrying.pending.envelope,
        trace_id: retrying.pending.trace_id.as_deref(),
        attempts: retrying.attempts,
        ended: Ended::Retrying { due_at: retrying.due_at, error: retrying.error.clone() },
    }
}

/// How many retries were due before that time and have not come. More than none for long: a delay queue is stuck.
///
/// # Errors
/// As any query.
pub async fn overdue(conn: &mut AsyncPgConnection, before: Timestamp) -> QueryResult<i64> {
    webhooks::table
        .filter(webhooks::state.eq("retrying"))
        .filter(webhooks::due_at.lt(before.to_datetime()))
        .count()
        .get_result(conn)
        .await
}
