//! One webhook, by its id.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::storage::schema::{dead_letters, webhooks};

/// A row of the log, without the raw request.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = webhooks, check_for_backend(diesel::pg::Pg))]
pub struct Webhook {
    pub received_at: DateTime<Utc>,
    pub id: Uuid,
    pub source: String,
    pub provider: String,
    pub account: Option<String>,
    pub dedup_key: String,
    pub body_sha256: Vec<u8>,
    pub native_type: String,
    pub order_id: Option<Uuid>,
    pub state: String,
    pub verdict: Option<String>,
    pub reason: Option<String>,
    pub attempts: i16,
    pub correlation_id: String,
    pub trace_id: Option<String>,
    pub committed_at: Option<DateTime<Utc>>,
    pub processing_ms: Option<i64>,
    pub due_at: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
}

/// The row of a webhook; `None` where there is none, or its month was dropped.
///
/// # Errors
/// As any query.
pub async fn find(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<Webhook>> {
    let Some((from, to)) = received_between(conn, id).await? else { return Ok(None) };
    webhooks::table
        .filter(
            webhooks::received_at
                .ge(from)
                .and(webhooks::received_at.lt(to)),
        )
        .filter(webhooks::id.eq(id))
        .select(Webhook::as_select())
        .first(conn)
        .await
        .optional()
}

/// The raw request of a webhook.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Body {
    pub bytes: Vec<u8>,
    pub headers: serde_json::Value,
}

/// What a webhook's sender sent, byte for byte, and the headers that were kept. It may hold personal data.
///
/// # Errors
/// As any query.
pub async fn body(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<Body>> {
    let Some((from, to)) = received_between(conn, id).await? else { return Ok(None) };
    webhooks::table
        .filter(webhooks::received_at.ge(from))
        .filter(webhooks::received_at.lt(to))
        .filter(webhooks::id.eq(id))
        .select((webhooks::body, webhooks::headers))
        .first(conn)
        .await
        .optional()
}

/// The time of a uuid v7 is a millisecond, so the row lies within the one that begins then.
async fn received_between(
    conn: &mut AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<(DateTime<Utc>, DateTime<Utc>)>> {
    let from = match millisecond_of(id) {
        Some(time) => Some(time),
        None => dead_letters::table
            .find(id)
            .select(dead_letters::received_at)
            .first(conn)
            .await
            .optional()?,
    };
    Ok(from.map(|from| (from, from + TimeDelta::milliseconds(1))))
}

/// The millisecond that an id of ours tells.
pub(super) fn millisecond_of(id: Uuid) -> Option<DateTime<Utc>> {
    if id.get_version_num() != 7 {
        return None;
    }
    let (seconds, nanoseconds) = id.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
}
