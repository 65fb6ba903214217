//! Webhooks that are few and known by their ids: those of an order, and those of a source that is rare. The log has no index
//! of either, for it would cost every webhook an entry; but trails name what reached an order, an id tells the millisecond,
//! and what is on no trail has indexes of its own.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use super::lookup::millisecond_of;
use crate::storage::order_events::{LITTLE, told_by};
use crate::storage::statement::{column, statement};

/// More are too many to be looked up one by one.
const FEW: i64 = 5_000;

statement! {
    struct OnTrail { order_id: Uuid => SqlUuid, limit: i64 => BigInt }
    -> (SqlUuid,);
    "SELECT webhook_id FROM order_events WHERE order_id = $ AND kind = 'event' ORDER BY order_id, seq LIMIT $"
}

statement! {
    struct Repeats { order_id: Uuid => SqlUuid, limit: i64 => BigInt }
    -> (SqlUuid,);
    "SELECT id FROM webhooks WHERE order_id = $ AND verdict = 'duplicate' ORDER BY order_id, received_at, id LIMIT $"
}

statement! {
    // Whatever is not on the trail of an order as applied or no_change.
    struct Others<'a> { source: &'a str => Text, limit: i64 => BigInt }
    -> (SqlUuid,);
    "SELECT id FROM webhooks WHERE source = $ AND (verdict IS NULL OR verdict NOT IN ('applied', 'no_change')) \
     ORDER BY source, received_at, id LIMIT $"
}

statement! {
    struct Find {
        received_from: Vec<DateTime<Utc>> => Array<Timestamptz>,
        received_to: Vec<DateTime<Utc>> => Array<Timestamptz>,
        id: Vec<Uuid> => Array<SqlUuid>,
    }
    -> (Timestamptz, SqlUuid);
    "SELECT w.received_at, w.id FROM UNNEST($, $, $) AS asked(received_from, received_to, id) \
     JOIN webhooks w ON w.received_at >= asked.received_from AND w.received_at < asked.received_to AND w.id = asked.id"
}

/// A webhook by its id, with the millisecond in which it was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) millisecond: DateTime<Utc>,
    id: Uuid,
}

/// The webhooks of an order, the oldest first; `None` where they are too many to be looked up one by one.
pub(super) async fn of_order(
    conn: &mut AsyncPgConnection,
    order_id: Uuid,
) -> QueryResult<Option<Vec<Named>>> {
    let limit = FEW + 1;
    let mut ids: Vec<(Uuid,)> = OnTrail { order_id, limit }.load(conn).await?;
    ids.extend::<Vec<(Uuid,)>>(Repeats { order_id, limit }.load(conn).await?);
    Ok(named(ids.into_iter().map(|(id,)| id), FEW))
}

/// Likewise those of a source.
pub(super) async fn of_source(
    conn: &mut AsyncPgConnection,
    source: &str,
) -> QueryResult<Option<Vec<Named>>> {
    let Some(told) = told_by(conn, source).await? else { return Ok(None) };
    let limit = LITTLE + 1;
    let others: Vec<(Uuid,)> = Others { source, limit }.load(conn).await?;
    if i64::try_from(others.len()).is_ok_and(|rows| rows > LITTLE) {
        return Ok(None);
    }
    let told = told.into_iter().map(|(_, webhook)| webhook);
    Ok(named(told.chain(others.into_iter().map(|(id,)| id)), FEW))
}

/// `None` where they are more than that, or one does not tell its time.
fn named(ids: impl Iterator<Item = Uuid>, max: i64) -> Option<Vec<Named>> {
    let named = |id| Some(Named { millisecond: millisecond_of(id)?, id });
    let mut all: Vec<Named> = ids.map(named).collect::<Option<_>>()?;
    all.sort_unstable();
    all.dedup();
    let few = i64::try_from(all.len()).is_ok_and(|rows| rows <= max);
    few.then_some(all)
}

/// Where these are in the log: when they were received, and their ids. What was dropped with its month is absent.
pub(super) async fn find(
    conn: &mut AsyncPgConnection,
    named: &[Named],
) -> QueryResult<(Vec<DateTime<Utc>>, Vec<Uuid>)> {
    let found: Vec<(DateTime<Utc>, Uuid)> = Find {
        received_from: column(named, |named| named.millisecond),
        received_to: column(named, |named| named.millisecond + TimeDelta::milliseconds(1)),
        id: column(named, |named| named.id),
    }
    .load(conn)
    .await?;
    Ok(found.into_iter().unzip())
}
