//! The transaction of a batch.

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use crate::domain::envelope::Envelope;
use crate::domain::{Timestamp, Verdict};

/// One event that waits for its verdict.
#[derive(Clone, Debug)]
pub struct Pending {
    pub envelope: Envelope,
    /// Where its references are looked up.
    pub namespace: String,
    /// Tries that failed before this one.
    pub attempts: u16,
    /// An operator asked for it again: a dead row may come to life.
    pub replayed: bool,
    /// The trace of the webhook, 32 hex digits.
    pub trace_id: Option<String>,
}

/// How one event of the batch ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its place in the batch.
    pub index: usize,
    pub verdict: Verdict,
    /// One sentence that names the rule.
    pub reason: String,
    pub order_id: Option<Uuid>,
    /// An earlier commit had settled it already; nothing was written now.
    pub redelivered: bool,
}

/// What became of a batch. Each index of it is in exactly one of the two lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    pub settled: Vec<Settled>,
    /// Somebody else was at their orders at the same moment. Nothing of them was written; try them again apart.
    pub missed: Vec<usize>,
}

/// Commits a batch in one transaction.
///
/// # Errors
/// Whatever the database said; nothing of the batch is written then. [`super::failure::Failure`] tells what it means.
#[expect(clippy::unused_async, reason = "the body follows in the next commit")]
pub async fn commit(
    _conn: &mut AsyncPgConnection,
    _batch: &[Pending],
    _now: Timestamp,
) -> QueryResult<Committed> {
    Err(diesel::result::Error::RollbackTransaction)
}
