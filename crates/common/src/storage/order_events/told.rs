//! What a source has told on trails, where that is little: a source that is rare would not be met for long by whoever walks
//! through all orders or the whole log.

use diesel::QueryResult;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use crate::storage::statement::statement;

/// Rows of trails that are little. A source that told more is met on the way, or at least is read page by page.
pub(in crate::storage) const LITTLE: i64 = 1_000;

statement! {
    // Of the index by which an event is counted once: no row is read.
    struct Counted<'a> { source: &'a str => Text, limit: i64 => BigInt }
    -> (BigInt,);
    "SELECT count(*) FROM (SELECT source FROM order_events WHERE source = $ AND kind = 'event' \
         AND verdict IN ('applied', 'no_change') ORDER BY source, dedup_key LIMIT $) AS told"
}

statement! {
    struct Told<'a> { source: &'a str => Text, also: &'a str => Text, limit: i64 => BigInt }
    -> (SqlUuid, SqlUuid);
    "SELECT order_id, webhook_id FROM order_events \
     WHERE source = $ AND kind = 'event' AND verdict IN ('applied', 'no_change') \
     UNION ALL \
     (SELECT order_id, webhook_id FROM order_events WHERE source = $ AND kind = 'event' AND verdict = 'conflict' \
      ORDER BY source, order_id LIMIT $)"
}

/// The order and the webhook of every event of the source that is on a trail; `None` where they are many.
pub(in crate::storage) async fn told_by(
    conn: &mut AsyncPgConnection,
    source: &str,
) -> QueryResult<Option<Vec<(Uuid, Uuid)>>> {
    let limit = LITTLE + 1;
    let counted: Vec<(i64,)> = Counted { source, limit }.load(conn).await?;
    if counted.iter().any(|(rows,)| *rows > LITTLE) {
        return Ok(None);
    }
    let told: Vec<(Uuid, Uuid)> = Told { source, also: source, limit }.load(conn).await?;
    let little = i64::try_from(told.len()).is_ok_and(|rows| rows <= 2 * LITTLE);
    Ok(Some(told).filter(|_| little))
}
