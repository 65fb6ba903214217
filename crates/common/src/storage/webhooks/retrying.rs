//! Events that wait for another try.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use super::log::{Ended, LogRow, write};
use crate::domain::Timestamp;
use crate::storage::commit::Pending;
use crate::storage::statement::statement;

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

statement! {
    // The state stands in the text: a plan for any state could not use the index of the retrying ones.
    struct Overdue { before: DateTime<Utc> => Timestamptz }
    -> (BigInt,);
    "SELECT count(*) FROM webhooks WHERE state = 'retrying' AND due_at < $"
}

/// How many retries were due before that time and have not come. More than none for long: a delay queue is stuck.
///
/// # Errors
/// As any query.
pub async fn overdue(conn: &mut AsyncPgConnection, before: Timestamp) -> QueryResult<i64> {
    let (count,): (i64,) = Overdue { before: before.to_datetime() }
        .get_result(conn)
        .await?;
    Ok(count)
}
