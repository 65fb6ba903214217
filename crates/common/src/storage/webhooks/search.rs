//! Searching the log, by the newest first.
//!
//! The primary key begins with the time of receipt, so it gives order, place and bounds of time. The other filters have
//! no index, for every one would cost the worker an entry per webhook: they are held against rows on the way, at most
//! [`EXAMINED_MAX`] of them, and the answer says where it stopped.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::lookup::{Webhook, find};
use crate::domain::{Timestamp, Verdict};
use crate::storage::place::{EXAMINED_MAX, Place};
use crate::storage::schema::webhooks;

/// What is looked for; what is absent does not matter.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub source: Option<String>,
    pub verdict: Option<Verdict>,
    pub order_id: Option<Uuid>,
    /// Received at that time or later.
    pub from: Option<Timestamp>,
    /// Received before that time.
    pub to: Option<Timestamp>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub rows: Vec<Webhook>,
    /// Rows beyond this webhook were not examined.
    pub stopped_at: Option<Uuid>,
}

type Boxed<'a> = webhooks::BoxedQuery<'a, diesel::pg::Pg>;
type Key = (DateTime<Utc>, Uuid);

/// Searches. A place that is no webhook (any more) is the beginning.
///
/// # Errors
/// As any query.
pub async fn search(
    conn: &mut AsyncPgConnection,
    search: &Search,
    place: Place,
) -> QueryResult<Found> {
    let from = match place.from {
        Some(id) => find(conn, id).await?.map(|row| (row.received_at, row.id)),
        None => None,
    };
    let walks = search.source.is_some() || search.verdict.is_some() || search.order_id.is_some();
    let stop = if walks { boundary(conn, search, (from, place.backward)).await? } else { None };
    let mut query = told(search, placed(search, (from, place.backward)));
    if let Some((received_at, id)) = stop {
        query = match place.backward {
            true => query.filter(
                webhooks::received_at
                    .lt(received_at)
                    .or(webhooks::received_at
                        .eq(received_at)
                        .and(webhooks::id.le(id))),
            ),
            false => query.filter(
                webhooks::received_at
                    .gt(received_at)
                    .or(webhooks::received_at
                        .eq(received_at)
                        .and(webhooks::id.ge(id))),
            ),
        };
        // Said alone too, for only this bounds the scan.
        query = match place.backward {
            true => query.filter(webhooks::received_at.le(received_at)),
            false => query.filter(webhooks::received_at.ge(received_at)),
        };
    }
    let rows = query
        .limit(place.limit)
        .select(Webhook::as_select())
        .load(conn)
        .await?;
    Ok(Found { rows, stopped_at: stop.map(|(_, id)| id) })
}

async fn boundary(
    conn: &mut AsyncPgConnection,
    search: &Search,
    place: (Option<Key>, bool),
) -> QueryResult<Option<Key>> {
    placed(search, place)
        .select((webhooks::received_at, webhooks::id))
        .offset(EXAMINED_MAX - 1)
        .first(conn)
        .await
        .optional()
}

fn placed<'a>(search: &Search, (from, backward): (Option<Key>, bool)) -> Boxed<'a> {
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

fn told<'a>(search: &'a Search, mut query: Boxed<'a>) -> Boxed<'a> {
    if let Some(source) = &search.source {
        query = query.filter(webhooks::source.eq(source));
    }
    if let Some(verdict) = search.verdict {
        query = query.filter(webhooks::verdict.eq(verdict.as_str()));
    }
    if let Some(order_id) = search.order_id {
        query = query.filter(webhooks::order_id.eq(order_id));
    }
    query
}
