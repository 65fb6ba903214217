//! `order_events`: the audit trail. Rows are added and never touched again.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{
    Array, BigInt, Binary, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use super::order_changes::ChangeRow;
use super::statement::{column, statement};
use crate::domain::Currency;
use crate::domain::audit::Row;

mod told;
mod trail;

pub(super) use told::{LITTLE, told_by};
pub use trail::{trail, trail_after};

statement! {
    struct Append<'a> {
        order_id: Vec<Uuid> => Array<SqlUuid>,
        seq: Vec<i64> => Array<BigInt>,
        kind: Vec<&'static str> => Array<Text>,
        webhook_id: Vec<Uuid> => Array<SqlUuid>,
        source: Vec<&'a str> => Array<Text>,
        dedup_key: Vec<&'a str> => Array<Text>,
        body_sha256: Vec<&'a [u8]> => Array<Binary>,
        native_type: Vec<&'a str> => Array<Text>,
        verdict: Vec<&'static str> => Array<Text>,
        label: Vec<Option<&'static str>> => Array<Nullable<Text>>,
        from_status: Vec<Option<&'static str>> => Array<Nullable<Text>>,
        to_status: Vec<&'static str> => Array<Text>,
        reason: Vec<&'a str> => Array<Text>,
        trust: Vec<&'static str> => Array<Text>,
        order_refs: Vec<String> => Array<Text>,
        effect: Vec<String> => Array<Text>,
        occurred_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        recorded_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        correlation_id: Vec<&'a str> => Array<Text>,
        trace_id: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        rules: Vec<i16> => Array<SmallInt>,
        prev_hash: Vec<&'a [u8]> => Array<Binary>,
        hash: Vec<&'a [u8]> => Array<Binary>,
        changed_order_id: Vec<Uuid> => Array<SqlUuid>,
        changed_seq: Vec<i64> => Array<BigInt>,
        currency: Vec<Option<&'static str>> => Array<Nullable<Text>>,
        exponent: Vec<Option<i16>> => Array<Nullable<SmallInt>>,
        total: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        authorized: Vec<i64> => Array<BigInt>,
        captured: Vec<i64> => Array<BigInt>,
        refunded: Vec<i64> => Array<BigInt>,
        disputed: Vec<i64> => Array<BigInt>,
    }
    -> ();
    "WITH appended AS (INSERT INTO order_events (order_id, seq, kind, webhook_id, source, dedup_key, body_sha256, native_type, verdict, \
         label, from_status, to_status, reason, trust, order_refs, effect, occurred_at, recorded_at, correlation_id, \
         trace_id, rules, prev_hash, hash) \
     SELECT order_id, seq, kind, webhook_id, source, dedup_key, body_sha256, native_type, verdict, \
         label, from_status, to_status, reason, trust, order_refs::jsonb, effect::jsonb, occurred_at, recorded_at, \
         correlation_id, trace_id, rules, prev_hash, hash \
     FROM UNNEST($, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $) \
         AS new(order_id, seq, kind, webhook_id, source, dedup_key, body_sha256, native_type, verdict, \
         label, from_status, to_status, reason, trust, order_refs, effect, occurred_at, recorded_at, correlation_id, \
         trace_id, rules, prev_hash, hash)) \
     INSERT INTO order_changes (stamp, order_id, seq, currency, exponent, total, authorized, captured, refunded, \
         disputed) \
     SELECT (SELECT GREATEST(pg_current_xact_id()::text::bigint, \
                             pg_snapshot_xmax(pg_current_snapshot())::text::bigint)), \
         order_id, seq, currency, exponent, total, authorized, captured, refunded, disputed \
     FROM UNNEST($, $, $, $, $, $, $, $, $) \
         AS changed(order_id, seq, currency, exponent, total, authorized, captured, refunded, disputed)"
}

/// Adds rows to trails and, by the same statement, says which of them changed an order's status or money.
pub(super) async fn append(
    mut conn: &AsyncPgConnection,
    rows: &[Row],
    changes: &[ChangeRow],
) -> QueryResult<()> {
    let changed = columns(rows, changes).execute(&mut conn).await?;
    debug_assert_eq!(changed, changes.len(), "an insert without a conflict clause inserts all");
    Ok(())
}

fn columns<'a>(rows: &'a [Row], changes: &[ChangeRow]) -> Append<'a> {
    let money = |row: &ChangeRow| row.money;
    Append {
        order_id: column(rows, |row| row.record.order_id),
        seq: column(rows, |row| row.record.seq),
        kind: column(rows, |row| row.record.kind.as_str()),
        webhook_id: column(rows, |row| row.record.webhook_id),
        source: column(rows, |row| row.record.source.as_str()),
        dedup_key: column(rows, |row| row.record.dedup_key.as_str()),
        body_sha256: column(rows, |row| row.record.body_sha256.as_slice()),
        native_type: column(rows, |row| row.record.native_type.as_str()),
        verdict: column(rows, |row| row.record.verdict.as_str()),
        label: column(rows, |row| row.record.label.map(|label| label.as_str())),
        from_status: column(rows, |row| row.record.from_status.map(|status| status.as_str())),
        to_status: column(rows, |row| row.record.to_status.as_str()),
        reason: column(rows, |row| row.record.reason.as_str()),
        trust: column(rows, |row| row.record.trust.as_str()),
        order_refs: column(rows, |row| json(&row.record.order_refs)),
        effect: column(rows, |row| json(&row.record.effect)),
        occurred_at: column(rows, |row| row.record.occurred_at.to_datetime()),
        recorded_at: column(rows, |row| row.record.recorded_at.to_datetime()),
        correlation_id: column(rows, |row| row.record.correlation_id.as_str()),
        trace_id: column(rows, |row| row.record.trace_id.as_deref()),
        rules: column(rows, |row| row.record.rules),
        prev_hash: column(rows, |row| row.prev_hash.as_slice()),
        hash: column(rows, |row| row.hash.as_slice()),
        changed_order_id: column(changes, |row| row.order_id),
        changed_seq: column(changes, |row| row.seq),
        currency: column(changes, |row| money(row).currency.map(Currency::code)),
        exponent: column(changes, |row| money(row).currency.map(|known| known.exponent().into())),
        total: column(changes, |row| money(row).total),
        authorized: column(changes, |row| money(row).authorized),
        captured: column(changes, |row| money(row).captured),
        refunded: column(changes, |row| money(row).refunded),
        disputed: column(changes, |row| money(row).disputed),
    }
}

/// As text: PostgreSQL parses it once, and no tree of values is built here.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("it was checked before it was hashed")
}
