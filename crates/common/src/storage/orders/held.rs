//! Orders that a commit reads and keeps from changing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use crate::domain::{Currency, Facts, OrderMoney, Status, Tallied, Timestamp};
use crate::storage::statement::{column, fixed, statement, unreadable};

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
    pub(in crate::storage) facts: Tallied,
    pub(in crate::storage) absorbed_into: Option<Uuid>,
    pub(in crate::storage) created_at: Timestamp,
}

/// An order's facts as this program read or wrote them before.
///
/// They are good for the order whose trail ends with this hash, whatever was done to the database since: the trail is
/// what facts are the fold of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::storage) struct Remembered {
    pub(in crate::storage) id: Uuid,
    pub(in crate::storage) version: i64,
    pub(in crate::storage) head_hash: [u8; 32],
    pub(in crate::storage) facts: Tallied,
}

/// One list of columns for both ways of reading. Facts that are remembered stay where they are: for an order with a
/// thousand operations they are most of what is read.
macro_rules! reading {
    ($name:ident, $ending:literal) => {
        statement! {
            struct $name<'a> {
                known_id: Vec<Uuid> => Array<SqlUuid>,
                known_version: Vec<i64> => Array<BigInt>,
                known_head: Vec<&'a [u8]> => Array<Binary>,
                ids: &'a [Uuid] => Array<SqlUuid>,
            }
            -> (
                (SqlUuid, Text, Nullable<Text>, Text, BigInt, BigInt, Binary, Nullable<Text>, Nullable<SqlUuid>, Timestamptz),
                (Nullable<Text>, Nullable<BigInt>, BigInt, BigInt, BigInt, BigInt),
            );
            concat!(
                "SELECT id, namespace, external_id, status, version, last_seq, head_hash, \
                     CASE WHEN (id, version, head_hash) IN (SELECT * FROM UNNEST($, $, $)) THEN NULL ELSE facts::text END, \
                     absorbed_into, created_at, currency, total, authorized, captured, refunded, disputed \
                 FROM orders WHERE id = ANY($) ORDER BY id",
                $ending
            )
        }
    };
}

reading!(Lock, " FOR NO KEY UPDATE");
reading!(Look, "");

type Row = (Columns, Money);
type Columns = (
    Uuid,
    String,
    Option<String>,
    String,
    i64,
    i64,
    Vec<u8>,
    Option<String>,
    Option<Uuid>,
    DateTime<Utc>,
);
type Money = (Option<String>, Option<i64>, i64, i64, i64, i64);

/// Locks orders in the order of their ids, so that two that lock the same ones never wait for each other. What is
/// remembered of them and still stands is not read again.
pub(in crate::storage) async fn lock(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
    remembered: Vec<Remembered>,
) -> QueryResult<HashMap<Uuid, Held>> {
    let known_id = column(&remembered, |known| known.id);
    let known_version = column(&remembered, |known| known.version);
    let known_head = column(&remembered, |known| known.head_hash.as_slice());
    let lock = Lock { known_id, known_version, known_head, ids };
    by_id(lock.load(conn).await?, remembered)
}

/// The same orders, held by nobody.
pub(in crate::storage) async fn look(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<HashMap<Uuid, Held>> {
    let (known_id, known_version, known_head) = (Vec::new(), Vec::new(), Vec::new());
    let look = Look { known_id, known_version, known_head, ids };
    by_id(look.load(conn).await?, Vec::new())
}

fn by_id(rows: Vec<Row>, remembered: Vec<Remembered>) -> QueryResult<HashMap<Uuid, Held>> {
    let known = remembered.into_iter();
    let mut known: HashMap<Uuid, Tallied> = known.map(|known| (known.id, known.facts)).collect();
    rows.into_iter()
        .map(|row| read(row, &mut known).map(|held| (held.id, held)))
        .collect()
}

fn read((row, money): Row, known: &mut HashMap<Uuid, Tallied>) -> QueryResult<Held> {
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
    let facts = match facts {
        Some(told) => serde_json::from_str::<Facts>(&told)
            .map_err(unreadable)?
            .into(),
        None => known
            .remove(&id)
            .expect("only what is remembered is left out"),
    };
    Ok(Held {
        id,
        namespace,
        external_id,
        status: status.parse().map_err(unreadable)?,
        money: self::money(money)?,
        version,
        last_seq,
        head_hash: fixed(&head_hash)?,
        facts,
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
