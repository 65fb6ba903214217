//! `order_changes`: every change of an order's status or money, for those who follow orders.
//!
//! **Who acts.** A commit writes a row for each row of a trail that changed its order's status or money, by the statement
//! that writes the trail. Readers ask for what comes after the [`Position`] they have seen last.
//!
//! **The difficulty.** Rows appear when their transactions commit, and numbers are given before that: who has read up to a
//! number would never see a lower one that is committed later. Waiting in line for numbers would cost the commits.
//!
//! **What is done.** A row's `stamp` is the greater of its transaction's own number and the end of the snapshot of the
//! statement that wrote it (the first number that was not yet known to have ended). A reader sees only stamps below the
//! oldest transaction that still runs. So
//!
//! * nothing appears behind a reader: whatever is not committed yet belongs to a transaction that runs or is to begin, and
//!   its stamp is at least that transaction's number, which no reader was shown;
//! * what was committed before another change was written stands before it. The changes of one order are such: an order is
//!   locked from reading to commit, so the later writer's snapshot is taken after the earlier one's end, even where the
//!   later has the lower number because it waited long for another order. `n`, which counts writes, settles equal stamps.
//!   Changes of different orders that were under way together may stand in either order.
//!
//! **What it costs.** One narrow row per change, no lock and no round trip. A transaction that writes for long, anywhere in
//! the server, holds readers (not writers) up until it ends.
//!
//! **After a restore** of a dump into another server, whose numbers are lower, the old rows must be given the stamp 0
//! (OPERATIONS.md). A position from before is recognised, for its stamp has not been reached here yet, and `n` goes on.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{BigInt, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use super::statement::statement;
use crate::domain::OrderMoney;

/// No row has so great a number: at a million changes a second they would take thirty thousand years.
const N_BEYOND: i64 = 999_999_999_999_999_999;
/// As many as that has: what is documented, so what is accepted.
const DIGITS_MAX: usize = 18;

/// A row of a trail that changed its order's status or money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChangeRow {
    pub(super) order_id: Uuid,
    pub(super) seq: i64,
    /// After it.
    pub(super) money: OrderMoney,
}

/// A place among all changes: whoever has it has seen everything up to it. Written `<stamp>-<n>`; readers should not look
/// into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    stamp: i64,
    n: i64,
}

impl Position {
    /// Before the first change.
    pub const START: Self = Self { stamp: 0, n: 0 };
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.stamp, self.n)
    }
}

/// It is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a position among changes, as an earlier answer gave it")]
pub struct PositionError;

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |digits: &str| {
            let are_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
            match are_digits && digits.len() <= DIGITS_MAX {
                true => digits.parse().map_err(|_empty| PositionError),
                false => Err(PositionError),
            }
        };
        let (stamp, n) = text.split_once('-').ok_or(PositionError)?;
        Ok(Self { stamp: number(stamp)?, n: number(n)? })
    }
}

/// One change of an order's status or money, and what the order was after it. Amounts are minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub position: Position,
    pub order_id: Uuid,
    /// Where the order is known by it, and as whom it is known today.
    pub namespace: String,
    pub external_id: Option<String>,
    /// The row of the order's trail that tells of it.
    pub seq: i64,
    /// `event`, `absorb`, `absorbed`, `part` or `parted`.
    pub kind: String,
    pub webhook_id: Uuid,
    pub source: String,
    pub native_type: String,
    /// `normal`, `correction` or `anomaly`; none where the status stayed.
    pub label: Option<String>,
    /// None for a new order.
    pub from_status: Option<String>,
    pub to_status: String,
    pub currency: Option<String>,
    pub exponent: Option<i16>,
    pub total: Option<i64>,
    pub authorized: i64,
    pub captured: i64,
    pub refunded: i64,
    pub disputed: i64,
    pub occurred_at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
}

statement! {
    // Places of rows and trails are compared as they are; the horizon and the reader's place are one value each.
    struct After { stamp: i64 => BigInt, n: i64 => BigInt, limit: i64 => BigInt }
    -> (Place, Order, Event, Money);
    "SELECT c.stamp, c.n, c.order_id, o.namespace, o.external_id, c.seq, e.kind, e.webhook_id, e.source, \
         e.native_type, e.label, e.from_status, e.to_status, e.occurred_at, e.recorded_at, \
         c.currency, c.exponent, c.total, c.authorized, c.captured, c.refunded, c.disputed \
     FROM (SELECT stamp, n, order_id, seq, currency, exponent, total, authorized, captured, refunded, disputed \
           FROM order_changes \
           WHERE stamp < (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint) \
             AND (stamp, n) > ((SELECT CASE WHEN asked < pg_snapshot_xmax(pg_current_snapshot())::text::bigint \
                                            THEN asked ELSE 0 END FROM (VALUES ($)) AS given(asked)), $) \
           ORDER BY stamp, n LIMIT $) AS c \
     JOIN order_events e ON e.order_id = c.order_id AND e.seq = c.seq \
     JOIN orders o ON o.id = c.order_id \
     ORDER BY c.stamp, c.n"
}

statement! {
    struct Horizon {}
    -> (BigInt,);
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
}

type Place = (BigInt, BigInt);
type Order = (SqlUuid, Text, Nullable<Text>);
type Event = (
    (BigInt, Text, SqlUuid, Text, Text),
    (Nullable<Text>, Nullable<Text>, Text, Timestamptz, Timestamptz),
);
type Money = (Nullable<Text>, Nullable<SmallInt>, Nullable<BigInt>, BigInt, BigInt, BigInt, BigInt);

type Row = (
    (i64, i64),
    (Uuid, String, Option<String>),
    (
        (i64, String, Uuid, String, String),
        (Option<String>, Option<String>, String, DateTime<Utc>, DateTime<Utc>),
    ),
    (Option<String>, Option<i16>, Option<i64>, i64, i64, i64, i64),
);

/// The changes beyond a position, at most `limit`, in their order. None: there is nothing new yet. The position of the last
/// one is where to go on.
///
/// # Errors
/// As any query.
pub async fn changes_after(
    conn: &mut AsyncPgConnection,
    after: Position,
    limit: i64,
) -> QueryResult<Vec<Change>> {
    let asked = After { stamp: after.stamp, n: after.n, limit };
    let rows: Vec<Row> = asked.load(conn).await?;
    Ok(rows.into_iter().map(change).collect())
}

/// The position behind everything that readers are shown at this moment, and before everything that they are shown later:
/// where to begin for what comes from now on.
///
/// # Errors
/// As any query.
pub async fn end(conn: &mut AsyncPgConnection) -> QueryResult<Position> {
    let rows: Vec<(i64,)> = Horizon {}.load(conn).await?;
    let horizon = rows.into_iter().next().map_or(0, |(horizon,)| horizon);
    // Shown are stamps below the horizon.
    Ok(Position { stamp: horizon.saturating_sub(1).max(0), n: N_BEYOND })
}

fn change(((stamp, n), order, (told, changed), money): Row) -> Change {
    let (order_id, namespace, external_id) = order;
    let (seq, kind, webhook_id, source, native_type) = told;
    let (label, from_status, to_status, occurred_at, recorded_at) = changed;
    let (currency, exponent, total, authorized, captured, refunded, disputed) = money;
    Change {
        position: Position { stamp, n },
        order_id,
        namespace,
        external_id,
        seq,
        kind,
        webhook_id,
        source,
        native_type,
        label,
        from_status,
        to_status,
        currency,
        exponent,
        total,
        authorized,
        captured,
        refunded,
        disputed,
        occurred_at,
        recorded_at,
    }
}

#[cfg(test)]
mod tests;
