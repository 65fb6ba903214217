//! What hangs loose: rows that other rows should stand for, and do not. Foreign keys cannot tell, for months of the log are
//! dropped whole; so everything is compared here, table with table, as far as retention keeps it.
//!
//! Each check is one statement and so one moment's view, and a service may go on meanwhile. It reads whole tables: the
//! server joins by hash and spills to its disk, and nothing but counts and a few examples comes back.

use diesel::{QueryResult, QueryableByName, sql_query, sql_types};
use diesel_async::{
    AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _,
};
use serde::Serialize;

/// How many of a kind are named.
const EXAMPLES: usize = 5;

/// A kind of loose end that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LooseEnds {
    /// One sentence.
    pub what: &'static str,
    pub count: i64,
    /// The first few, by id or name.
    pub examples: Vec<String>,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = sql_types::BigInt)]
    count: i64,
    #[diesel(sql_type = sql_types::Array<sql_types::Text>)]
    examples: Vec<String>,
}

/// What a service's connection avoids for its short statements is right for these: see `connection::PLANNING`.
const AT_LENGTH: &str = "SET LOCAL statement_timeout = 0; SET LOCAL enable_seqscan = on; \
                         SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on";

/// Whether the log still has the month of a webhook, by its id: a uuid v7 begins with the milliseconds since 1970.
macro_rules! month_is_kept {
    ($id:literal) => {
        concat!(
            "to_char(to_timestamp(('x' || left(replace(",
            $id,
            "::text, '-', ''), 12))::bit(48)::bigint / 1000.0) AT TIME ZONE 'UTC', 'YYYY_MM') IN \
             (SELECT right(c.relname, 7) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
              WHERE i.inhparent = 'webhooks'::regclass)"
        )
    };
}

/// The key under which an event of this alias is claimed: `domain::event_key`.
macro_rules! key_of {
    ($row:literal) => {
        concat!(
            "substring(sha256(convert_to(",
            $row,
            ".source, 'UTF8') || '\\x00'::bytea || convert_to(",
            $row,
            ".dedup_key, 'UTF8')) FROM 1 FOR 16)"
        )
    };
}

/// Each selects what hangs loose, as text.
const CHECKS: [(&str, &str); 11] = [
    (
        "webhooks that count hold no key",
        concat!(
            "SELECT w.id::text AS loose FROM webhooks w LEFT JOIN event_keys k ON k.key = ",
            key_of!("w"),
            " AND k.webhook_id = w.id WHERE w.verdict IN ('applied', 'no_change', 'ignored') AND k.key IS NULL"
        ),
    ),
    (
        "webhooks that count are on no trail",
        "SELECT w.id::text AS loose FROM webhooks w WHERE w.verdict IN ('applied', 'no_change') AND NOT EXISTS \
             (SELECT FROM order_events e WHERE e.webhook_id = w.id AND e.kind = 'event' AND e.verdict = w.verdict)",
    ),
    (
        "keys are held by webhooks that did not take them",
        concat!(
            "SELECT k.webhook_id::text AS loose FROM event_keys k LEFT JOIN webhooks w ON w.id = k.webhook_id \
                 AND w.verdict IN ('applied', 'no_change', 'conflict', 'ignored') WHERE w.id IS NULL AND ",
            month_is_kept!("k.webhook_id")
        ),
    ),
    (
        "keys of events that reached an order are on no trail",
        "SELECT k.webhook_id::text AS loose FROM event_keys k WHERE k.order_id IS NOT NULL AND NOT EXISTS \
             (SELECT FROM order_events e WHERE e.webhook_id = k.webhook_id AND e.kind = 'event')",
    ),
    (
        "rows of trails come from webhooks that are not in the log, or ended otherwise",
        concat!(
            "SELECT e.order_id || ' ' || e.seq AS loose FROM order_events e LEFT JOIN webhooks w ON w.id = e.webhook_id \
                 AND w.verdict = e.verdict WHERE e.kind = 'event' AND w.id IS NULL AND ",
            month_is_kept!("e.webhook_id")
        ),
    ),
    (
        "rows of trails hold no key",
        concat!(
            "SELECT e.order_id || ' ' || e.seq AS loose FROM order_events e LEFT JOIN event_keys k ON k.key = ",
            key_of!("e"),
            " AND k.webhook_id = e.webhook_id \
             WHERE e.kind = 'event' AND e.verdict IN ('applied', 'no_change') AND k.key IS NULL"
        ),
    ),
    (
        "trails belong to no order",
        "SELECT DISTINCT e.order_id::text AS loose FROM order_events e LEFT JOIN orders o ON o.id = e.order_id \
         WHERE o.id IS NULL",
    ),
    (
        "names lead to no living order",
        "SELECT a.ref AS loose FROM order_aliases a LEFT JOIN orders o ON o.id = a.order_id \
         WHERE o.id IS NULL OR o.absorbed_into IS NOT NULL",
    ),
    (
        "dead webhooks have no dead letter",
        "SELECT w.id::text AS loose FROM webhooks w LEFT JOIN dead_letters d ON d.webhook_id = w.id \
         WHERE w.verdict = 'dead' AND d.webhook_id IS NULL",
    ),
    (
        "rows of trails are no operator's action, though they say so",
        "SELECT e.order_id || ' ' || e.seq AS loose FROM order_events e LEFT JOIN operator_actions a \
             ON a.id = e.webhook_id WHERE e.kind IN ('acknowledge', 'part', 'parted') AND a.id IS NULL",
    ),
    (
        "changes are told that stand on no trail",
        "SELECT c.order_id || ' ' || c.seq AS loose FROM order_changes c LEFT JOIN order_events e \
             ON e.order_id = c.order_id AND e.seq = c.seq WHERE e.order_id IS NULL",
    ),
];

/// Everything that hangs loose; none is well.
///
/// # Errors
/// As any query.
pub async fn loose_ends(conn: &mut AsyncPgConnection) -> QueryResult<Vec<LooseEnds>> {
    conn.transaction(async |conn| {
        conn.batch_execute(AT_LENGTH).await?;
        let mut all = Vec::new();
        for (what, loose) in CHECKS {
            let Found { count, examples } = find(conn, loose).await?;
            if count > 0 {
                all.push(LooseEnds { what, count, examples });
            }
        }
        Ok(all)
    })
    .await
}

async fn find(conn: &mut AsyncPgConnection, loose: &str) -> QueryResult<Found> {
    let query = format!(
        "WITH ends AS MATERIALIZED ({loose}) SELECT (SELECT count(*) FROM ends) AS count, \
         ARRAY(SELECT loose FROM ends ORDER BY loose LIMIT {EXAMPLES}) AS examples"
    );
    sql_query(query).get_result(conn).await
}
