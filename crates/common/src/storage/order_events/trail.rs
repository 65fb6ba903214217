//! Reading trails.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use crate::domain::Timestamp;
use crate::domain::audit::{Record, Row};
use crate::storage::schema::order_events;
use crate::storage::statement::{fixed, unreadable};

#[derive(Queryable, Selectable)]
#[diesel(table_name = order_events, check_for_backend(diesel::pg::Pg))]
struct Stored {
    order_id: Uuid,
    seq: i64,
    kind: String,
    webhook_id: Uuid,
    source: String,
    dedup_key: String,
    body_sha256: Vec<u8>,
    native_type: String,
    verdict: String,
    label: Option<String>,
    from_status: Option<String>,
    to_status: String,
    reason: String,
    trust: String,
    order_refs: Value,
    effect: Value,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    correlation_id: String,
    trace_id: Option<String>,
    rules: i16,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
}

/// The trail of an order, from its first row on.
///
/// # Errors
/// As any query; a row that cannot be read as one of ours is a `DeserializationError`.
pub async fn trail(conn: &mut AsyncPgConnection, order_id: Uuid) -> QueryResult<Vec<Row>> {
    let rows = order_events::table
        .filter(order_events::order_id.eq(order_id))
        .order(order_events::seq)
        .select(Stored::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(read).collect()
}

/// Rows of a trail beyond `after`, at most `limit`.
///
/// # Errors
/// As [`trail`].
pub async fn trail_after(
    conn: &mut AsyncPgConnection,
    order_id: Uuid,
    (after, limit): (i64, i64),
) -> QueryResult<Vec<Row>> {
    let rows = order_events::table
        .filter(order_events::order_id.eq(order_id))
        .filter(order_events::seq.gt(after))
        .order(order_events::seq)
        .limit(limit)
        .select(Stored::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(read).collect()
}

fn read(stored: Stored) -> QueryResult<Row> {
    let label = stored.label.map(|label| label.parse()).transpose();
    let from_status = stored.from_status.map(|status| status.parse()).transpose();
    let record = Record {
        order_id: stored.order_id,
        seq: stored.seq,
        kind: stored.kind.parse().map_err(unreadable)?,
        webhook_id: stored.webhook_id,
        source: stored.source,
        dedup_key: stored.dedup_key,
        body_sha256: fixed(&stored.body_sha256)?,
        native_type: stored.native_type,
        verdict: stored.verdict.parse().map_err(unreadable)?,
        label: label.map_err(unreadable)?,
        from_status: from_status.map_err(unreadable)?,
        to_status: stored.to_status.parse().map_err(unreadable)?,
        reason: stored.reason,
        trust: stored.trust.parse().map_err(unreadable)?,
        order_refs: serde_json::from_value(stored.order_refs).map_err(unreadable)?,
        effect: stored.effect,
        occurred_at: Timestamp::saturating(stored.occurred_at),
        recorded_at: Timestamp::saturating(stored.recorded_at),
        correlation_id: stored.correlation_id,
        trace_id: stored.trace_id,
        rules: stored.rules,
    };
    Ok(Row { record, prev_hash: fixed(&stored.prev_hash)?, hash: fixed(&stored.hash)? })
}
