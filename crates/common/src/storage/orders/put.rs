//! Orders that a commit writes.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{
    Array, BigInt, Binary, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use crate::domain::{Currency, Facts, Flag, OrderState, RULES, Timestamp};
use crate::storage::statement::{column, statement};

/// An order as it shall be.
pub(in crate::storage) struct OrderRow<'a> {
    pub(in crate::storage) id: Uuid,
    pub(in crate::storage) namespace: &'a str,
    pub(in crate::storage) external_id: Option<&'a str>,
    pub(in crate::storage) state: &'a OrderState,
    pub(in crate::storage) facts: &'a Facts,
    /// One more than the version that was read; 1 for a new order.
    pub(in crate::storage) version: i64,
    pub(in crate::storage) last_seq: i64,
    pub(in crate::storage) head_hash: &'a [u8; 32],
    pub(in crate::storage) absorbed_into: Option<Uuid>,
    pub(in crate::storage) created_at: Timestamp,
    pub(in crate::storage) updated_at: Timestamp,
}

statement! {
    struct Put<'a> {
        id: Vec<Uuid> => Array<SqlUuid>,
        namespace: Vec<&'a str> => Array<Text>,
        external_id: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        status: Vec<&'static str> => Array<Text>,
        payment: Vec<&'static str> => Array<Text>,
        fulfilment: Vec<&'static str> => Array<Text>,
        dispute: Vec<&'static str> => Array<Text>,
        lifecycle: Vec<&'static str> => Array<Text>,
        currency: Vec<Option<&'static str>> => Array<Nullable<Text>>,
        exponent: Vec<Option<i16>> => Array<Nullable<SmallInt>>,
        total: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        authorized: Vec<i64> => Array<BigInt>,
        captured: Vec<i64> => Array<BigInt>,
        refunded: Vec<i64> => Array<BigInt>,
        disputed: Vec<i64> => Array<BigInt>,
        flags: Vec<String> => Array<Text>,
        facts: Vec<String> => Array<Text>,
        version: Vec<i64> => Array<BigInt>,
        last_seq: Vec<i64> => Array<BigInt>,
        head_hash: Vec<&'a [u8]> => Array<Binary>,
        absorbed_into: Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>,
        created_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        updated_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        rules: i16 => SmallInt,
    }
    -> (SqlUuid,);
    "WITH new AS (SELECT * FROM UNNEST($, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $) \
         AS rows(id, namespace, external_id, status, payment, fulfilment, dispute, lifecycle, currency, exponent, \
         total, authorized, captured, refunded, disputed, flags, facts, version, last_seq, head_hash, absorbed_into, \
         created_at, updated_at)) \
     INSERT INTO orders AS known (id, namespace, external_id, status, payment, fulfilment, dispute, lifecycle, \
         currency, exponent, total, authorized, captured, refunded, disputed, flags, facts, version, last_seq, \
         head_hash, absorbed_into, created_at, updated_at, rules) \
     SELECT id, namespace, external_id, status, payment, fulfilment, dispute, lifecycle, currency, exponent, \
         total, authorized, captured, refunded, disputed, string_to_array(flags, ','), facts::jsonb, version, last_seq, \
         head_hash, absorbed_into, created_at, updated_at, $ FROM new ORDER BY id \
     ON CONFLICT (id) DO UPDATE SET external_id = EXCLUDED.external_id, status = EXCLUDED.status, \
         payment = EXCLUDED.payment, fulfilment = EXCLUDED.fulfilment, dispute = EXCLUDED.dispute, \
         lifecycle = EXCLUDED.lifecycle, currency = EXCLUDED.currency, exponent = EXCLUDED.exponent, \
         total = EXCLUDED.total, authorized = EXCLUDED.authorized, captured = EXCLUDED.captured, \
         refunded = EXCLUDED.refunded, disputed = EXCLUDED.disputed, flags = EXCLUDED.flags, \
         facts = EXCLUDED.facts, version = EXCLUDED.version, last_seq = EXCLUDED.last_seq, \
         head_hash = EXCLUDED.head_hash, absorbed_into = EXCLUDED.absorbed_into, \
         updated_at = EXCLUDED.updated_at, rules = EXCLUDED.rules \
     WHERE known.version = EXCLUDED.version - 1 \
     RETURNING known.id"
}

/// Inserts new orders and sets those that still have the version they were read with. Returns the ids that were
/// written; whoever is missing was changed by somebody else and must be read again.
pub(in crate::storage) async fn put(
    mut conn: &AsyncPgConnection,
    rows: &[OrderRow<'_>],
) -> QueryResult<Vec<Uuid>> {
    let written: Vec<(Uuid,)> = columns(rows).load(&mut conn).await?;
    Ok(written.into_iter().map(|(id,)| id).collect())
}

fn columns<'a>(rows: &'a [OrderRow<'_>]) -> Put<'a> {
    let currency = |row: &OrderRow<'_>| row.state.currency;
    Put {
        id: column(rows, |row| row.id),
        namespace: column(rows, |row| row.namespace),
        external_id: column(rows, |row| row.external_id),
        status: column(rows, |row| row.state.status.as_str()),
        payment: column(rows, |row| row.state.payment.as_str()),
        fulfilment: column(rows, |row| row.state.fulfilment.as_str()),
        dispute: column(rows, |row| row.state.dispute.as_str()),
        lifecycle: column(rows, |row| row.state.lifecycle.as_str()),
        currency: column(rows, |row| currency(row).map(Currency::code)),
        exponent: column(rows, |row| currency(row).map(|known| i16::from(known.exponent()))),
        total: column(rows, |row| row.state.total),
        authorized: column(rows, |row| row.state.authorized),
        captured: column(rows, |row| row.state.captured),
        refunded: column(rows, |row| row.state.refunded),
        disputed: column(rows, |row| row.state.disputed),
        flags: column(rows, |row| flags(&row.state.flags)),
        facts: column(rows, |row| facts(row.facts)),
        version: column(rows, |row| row.version),
        last_seq: column(rows, |row| row.last_seq),
        head_hash: column(rows, |row| row.head_hash.as_slice()),
        absorbed_into: column(rows, |row| row.absorbed_into),
        created_at: column(rows, |row| row.created_at.to_datetime()),
        updated_at: column(rows, |row| row.updated_at.to_datetime()),
        rules: RULES,
    }
}

/// An array of arrays would have to be rectangular, so flags travel as one text; none has a comma in its name.
fn flags(flags: &[Flag]) -> String {
    flags
        .iter()
        .map(|flag| flag.as_str())
        .collect::<Vec<_>>()
        .join(",")
}

fn facts(facts: &Facts) -> String {
    serde_json::to_string(facts).expect("maps with text as keys always have a JSON form")
}
