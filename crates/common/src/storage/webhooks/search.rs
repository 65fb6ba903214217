//! Searching the log, by the newest first.
//!
//! The primary key begins with the time of receipt, so it gives order, place and bounds of time. What is rare has an index
//! that goes on with the same (`webhooks_unusual`, `webhooks_waiting`), and the webhooks of an order, or of a source that is
//! rare, are looked up one by one.
//! The other filters have no index, for every one would cost the worker an entry per webhook: they are held against rows
//! on the way, at most [`EXAMINED_MAX`] of them, and the answer says where it stopped.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::few::{self, Named};
use super::lookup::{Webhook, find};
use crate::domain::names::named;
use crate::domain::{Timestamp, Verdict};
use crate::storage::place::{EXAMINED_MAX, Found, Place};
use crate::storage::schema::webhooks;

/// Whether a webhook has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits to be tried again.
    Retrying,
    Final,
}

named!(State { Retrying => "retrying", Final => "final" });

/// What is looked for; what is absent does not matter.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub source: Option<String>,
    pub state: Option<State>,
    pub verdict: Option<Verdict>,
    pub order_id: Option<Uuid>,
    /// Received at that time or later.
    pub from: Option<Timestamp>,
    /// Received before that time.
    pub to: Option<Timestamp>,
}

/// The predicate of the index `webhooks_unusual`, said again where it shall be used.
const UNUSUAL: &str = "verdict IN ('duplicate', 'conflict', 'ignored', 'dead')";

/// The predicate of the index `webhooks_waiting`.
const WAITING: &str = "state = 'retrying'";

fn is_unusual(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Applied | Verdict::NoChange)
}

/// Webhooks of an order that are looked up at once.
const LOOKED_UP: usize = 256;

type Boxed<'a> = webhooks::BoxedQuery<'a, diesel::pg::Pg>;
type Key = (DateTime<Utc>, Uuid);

/// The index that a search goes along; all that it does not answer is held against the rows on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    Unusual(Verdict),
    Waiting,
    /// The primary key.
    Time,
}

impl Lead {
    fn of(search: &Search) -> Self {
        match (search.verdict, search.state) {
            (Some(verdict), _) if is_unusual(verdict) => Self::Unusual(verdict),
            (_, Some(State::Retrying)) => Self::Waiting,
            (_, _) => Self::Time,
        }
    }

    fn along<'a>(self, query: Boxed<'a>) -> Boxed<'a> {
        // A parameter proves nothing to the planner, so the predicates of the indexes are said.
        match self {
            Self::Unusual(verdict) => query
                .filter(webhooks::verdict.eq(verdict.as_str()))
                .filter(sql::<Bool>(UNUSUAL)),
            Self::Waiting => query.filter(sql::<Bool>(WAITING)),
            Self::Time => query,
        }
    }

    /// Whether there is more to the search than this index answers.
    fn leaves_something(self, search: &Search) -> bool {
        let verdict = search
            .verdict
            .filter(|verdict| self != Self::Unusual(*verdict));
        let state = search.state.filter(|_| self != Self::Waiting);
        let (source, order) = (&search.source, search.order_id);
        verdict.is_some() || state.is_some() || source.is_some() || order.is_some()
    }
}

/// Where a page begins in the log, and which way it goes.
#[derive(Clone, Copy)]
struct Start {
    from: Option<Key>,
    backward: bool,
}

/// Searches. A place that is no webhook (any more) is the beginning.
///
/// # Errors
/// As any query.
pub async fn search(
    conn: &mut AsyncPgConnection,
    search: &Search,
    place: Place,
) -> QueryResult<Found<Webhook>> {
    let from = match place.from {
        Some(id) => find(conn, id).await?.map(|row| (row.received_at, row.id)),
        None => None,
    };
    let start = Start { from, backward: place.backward };
    if let Some(named) = few(conn, search).await? {
        let rows = look_up(conn, (search, start), named, place.limit).await?;
        return Ok(Found { rows, stopped_at: None });
    }
    let lead = Lead::of(search);
    let walks = lead.leaves_something(search);
    let stop = if walks { boundary(conn, (search, lead), start).await? } else { None };
    let mut query = held(search, lead.along(placed(search, start)));
    if let Some(stop) = stop {
        query = until(query, stop, place.backward);
    }
    let rows = query
        .limit(place.limit)
        .select(Webhook::as_select())
        .load(conn)
        .await?;
    Ok(Found { rows, stopped_at: stop.map(|(_, id)| id) })
}

/// The only webhooks that can be meant, where an order or a source that is rare says so.
async fn few(conn: &mut AsyncPgConnection, search: &Search) -> QueryResult<Option<Vec<Named>>> {
    match (search.order_id, &search.source) {
        (Some(order_id), _) => few::of_order(conn, order_id).await,
        (None, Some(source)) => few::of_source(conn, source).await,
        (None, None) => Ok(None),
    }
}

/// Of these webhooks the first that are looked for.
async fn look_up(
    conn: &mut AsyncPgConnection,
    (search, start): (&Search, Start),
    mut named: Vec<Named>,
    limit: i64,
) -> QueryResult<Vec<Webhook>> {
    named.retain(|named| may_lie(named.millisecond, search, start));
    if !start.backward {
        named.reverse();
    }
    let limit = usize::try_from(limit).unwrap_or_default();
    let (mut rows, mut rest): (Vec<Webhook>, _) = (Vec::new(), &named[..]);
    while rows.len() < limit && !rest.is_empty() {
        let (some, others) = split(rest);
        let (times, ids) = few::find(conn, some).await?;
        let found = held(search, placed(search, start))
            .filter(webhooks::received_at.eq_any(times))
            .filter(webhooks::id.eq_any(ids))
            .select(Webhook::as_select())
            .load(conn);
        rows.extend(found.await?);
        rest = others;
    }
    rows.truncate(limit);
    Ok(rows)
}

/// Those that are looked up now, and the others. A millisecond stays whole, for only the log tells the order within it.
fn split(named: &[Named]) -> (&[Named], &[Named]) {
    let some = named.len().min(LOOKED_UP);
    let (now, later) = named.split_at(some);
    let same = |other: &&Named| {
        now.last()
            .is_some_and(|last| last.millisecond == other.millisecond)
    };
    named.split_at(some + later.iter().take_while(same).count())
}

/// Whether a webhook of that millisecond may lie within the bounds and behind the place.
fn may_lie(millisecond: DateTime<Utc>, search: &Search, start: Start) -> bool {
    let behind = millisecond + TimeDelta::milliseconds(1);
    let from = search.from.is_none_or(|from| from.to_datetime() < behind);
    let to = search.to.is_none_or(|to| millisecond < to.to_datetime());
    let place = start
        .from
        .is_none_or(|(received_at, _)| match start.backward {
            true => received_at < behind,
            false => millisecond <= received_at,
        });
    from && to && place
}

async fn boundary(
    conn: &mut AsyncPgConnection,
    (search, lead): (&Search, Lead),
    start: Start,
) -> QueryResult<Option<Key>> {
    lead.along(placed(search, start))
        .select((webhooks::received_at, webhooks::id))
        .offset(EXAMINED_MAX - 1)
        .first(conn)
        .await
        .optional()
}

/// No further than that row.
fn until<'a>(query: Boxed<'a>, (received_at, id): Key, backward: bool) -> Boxed<'a> {
    let same = webhooks::received_at.eq(received_at);
    // The time is said alone too, for only this bounds the scan.
    match backward {
        true => query.filter(webhooks::received_at.le(received_at)).filter(
            webhooks::received_at
                .lt(received_at)
                .or(same.and(webhooks::id.le(id))),
        ),
        false => query.filter(webhooks::received_at.ge(received_at)).filter(
            webhooks::received_at
                .gt(received_at)
                .or(same.and(webhooks::id.ge(id))),
        ),
    }
}

fn placed<'a>(search: &Search, Start { from, backward }: Start) -> Boxed<'a> {
    let mut query = webhooks::table.into_boxed();
    if let Some(from) = search.from {
        query = query.filter(webhooks::received_at.ge(from.to_datetime()));
    }
    if let Some(to) = search.to {
        query = query.filter(webhooks::received_at.lt(to.to_datetime()));
    }
    if let Some((received_at, id)) = from {
        // The first bound is what the index is entered by.
        query = match backward {
            true => query.filter(webhooks::received_at.ge(received_at)).filter(
                webhooks::received_at
                    .gt(received_at)
                    .or(webhooks::id.gt(id)),
            ),
            false => query.filter(webhooks::received_at.le(received_at)).filter(
                webhooks::received_at
                    .lt(received_at)
                    .or(webhooks::id.lt(id)),
            ),
        };
    }
    match backward {
        true => query.order((webhooks::received_at.asc(), webhooks::id.asc())),
        false => query.order((webhooks::received_at.desc(), webhooks::id.desc())),
    }
}

/// Every filter but time, whether or not an index has answered it.
fn held<'a>(search: &'a Search, mut query: Boxed<'a>) -> Boxed<'a> {
    if let Some(source) = &search.source {
        query = query.filter(webhooks::source.eq(source));
    }
    if let Some(state) = search.state {
        query = query.filter(webhooks::state.eq(state.as_str()));
    }
    if let Some(verdict) = search.verdict {
        query = query.filter(webhooks::verdict.eq(verdict.as_str()));
    }
    if let Some(order_id) = search.order_id {
        query = query.filter(webhooks::order_id.eq(order_id));
    }
    query
}
