//! Looking through dead letters.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::storage::schema::dead_letters;

/// One dead letter, without its message.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = dead_letters, check_for_backend(diesel::pg::Pg))]
pub struct DeadLetter {
    pub webhook_id: Uuid,
    pub received_at: DateTime<Utc>,
    pub source: String,
    pub reason: String,
    pub error: String,
    pub attempts: i16,
    pub first_failed_at: DateTime<Utc>,
    pub last_failed_at: DateTime<Utc>,
    pub replay_state: String,
    pub replays: i32,
    pub replayed_at: Option<DateTime<Utc>>,
}

/// Dead letters by id, at most `limit`, beyond `after`. Ids are times, so the oldest come first.
///
/// # Errors
/// As any query.
pub async fn list(
    conn: &mut AsyncPgConnection,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<DeadLetter>> {
    dead_letters::table
        .filter(dead_letters::webhook_id.gt(after.unwrap_or_default()))
        .order(dead_letters::webhook_id)
        .limit(limit)
        .select(DeadLetter::as_select())
        .load(conn)
        .await
}
