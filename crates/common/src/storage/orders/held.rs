//! Orders that a commit reads and keeps from changing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use crate::domain::{Currency, Facts, OrderMoney, Status, Timestamp};
use crate::storage::statement::{fixed, statement, unreadable};

/// An order as it was when it was locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::storage) struct Held {
    pub(in crate::storage) id: Uuid,
    pub(in crate::storage) namespace: String,
    pub(in crate::storage) external_id: Option<String>,
    pub(in crate::storage) status: Status,
    pub(in crate::storage) money: OrderMoney,
    pub(in crate::storage) version: i64,
    pub(in crate::storage) last_seq: i64,
    pub(in crate::storage) head_hash: [u8; 32],
    pub(in crate::storage) facts: Facts,
    pub(in crate::storage) absorbed_into: Option<Uuid>,
    pub(in crate::storage) created_at: Timestamp,
}

statement! {
    struct Lock<'a> { ids: &'a [Uuid] => Array<SqlUuid> }
    -> (
        (SqlUuid, Text, Nullable<Text>, Text, BigInt, BigInt, Binary, Text, Nullable<SqlUuid>, Timestamptz),
        (Nullable<Text>, Nullable<BigInt>, BigInt, BigInt, BigInt, BigInt),
    );
    "SELECT id, namespace, external_id, status, version, last_seq, head_hash, facts::text, absorbed_into, created_at, \
         currency, total, authorized, captured, refunded, disputed \
     FROM orders WHERE id = ANY($) ORDER BY id FOR NO KEY UPDATE"
}

type Row = (Columns, Money);
type Columns =
    (Uuid, String, Option<String>, String, i64, i64, Vec<u8>, String, Option<Uuid>, DateTime<Utc>);
type Money = (Option<String>, Option<i64>, i64, i64, i64, i64);

/// Locks orders in the order of their ids, so that two that lock the same ones never wait for each other.
pub(in crate::storage) async fn lock(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<HashMap<Uuid, Held>> {
    let rows: Vec<Row> = Lock { ids }.load(conn).await?;
    rows.into_iter()
        .map(|row| read(row).map(|held| (held.id, held)))
        .collect()
}

fn read((row, money): Row) -> QueryResult<Held> {
    let (
        id,
        namespace,
        external_id,
        status,
        version,
        last_seq,
        head_hash,
        facts,
        absorbed_into,
        at,
    ) = row;
    Ok(Held {
        id,
        namespace,
        external_id,
        status: status.parse().map_err(unreadable)?,
        money: self::money(money)?,
        version,
        last_seq,
        head_hash: fixed(&head_hash)?,
        facts: serde_json::from_str(&facts).map_err(unreadable)?,
        absorbed_into,
        created_at: Timestamp::saturating(at),
    })
}

fn money(
    (currency, total, authorized, captured, refunded, disputed): Money,
) -> QueryResult<OrderMoney> {
    let currency = currency.as_deref().map(Currency::parse).transpose();
    Ok(OrderMoney {
        currency: currency.map_err(unreadable)?,
        total,
        authorized,
        captured,
        refunded,
        disputed,
    })
}
