//! Searching orders, by the newest first.
//!
//! Ids are times, so the primary key alone gives the order, the place and the bounds of time. A filter that has no index
//! of its own is held against orders on the way, and at most [`EXAMINED_MAX`] of them: a page can then be short, or
//! empty, and still say where to go on. Every index on `orders` would cost the worker a write for each change (and the
//! cheap in-place update), so there is one only for what is rare and looked for: see `orders_unusual`.

use diesel::QueryResult;
use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::find::{Summary, called_ids};
use crate::domain::{Payment, Status, Timestamp};
use crate::storage::place::{EXAMINED_MAX, Place};
use crate::storage::schema::{order_events, orders};

/// What is looked for; what is absent does not matter.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub status: Option<Status>,
    pub payment: Option<Payment>,
    /// A source that has told of it.
    pub source: Option<String>,
    /// As [`super::find()`] reads it, or a webhook's id.
    pub called: Option<String>,
    /// Made at that time or later.
    pub from: Option<Timestamp>,
    /// Made before that time.
    pub to: Option<Timestamp>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub rows: Vec<Summary>,
    /// Orders beyond this one were not examined.
    pub stopped_at: Option<Uuid>,
}

/// The predicate of the index `orders_unusual`, said again where it shall be used: states that few orders are in, and
/// that somebody looks for.
const UNUSUAL: &str = "status IN ('requires_action', 'processing', 'failed', 'partially_paid', 'partially_refunded', \
                       'refunded', 'disputed', 'charged_back', 'cancelled', 'expired')";

fn is_unusual(status: Status) -> bool {
    !matches!(
        status,
        Status::Pending | Status::Authorized | Status::Paid | Status::Completed | Status::Absorbed
    )
}

type Boxed<'a> = orders::BoxedQuery<'a, diesel::pg::Pg>;

/// Searches.
///
/// # Errors
/// As any query.
pub async fn search(
    conn: &mut AsyncPgConnection,
    search: &Search,
    place: Place,
) -> QueryResult<Found> {
    let called = match &search.called {
        Some(called) => Some(called_ids(conn, called).await?),
        None => None,
    };
    let walks = called.is_none()
        && (search.payment.is_some()
            || search.source.is_some()
            || search.status.is_some_and(|status| !is_unusual(status)));
    let stopped_at = if walks { boundary(conn, search, place).await? } else { None };
    let mut query = filtered(search, placed(place));
    if let Some(called) = called {
        query = query.filter(orders::id.eq_any(called));
    }
    if let Some(last) = stopped_at {
        query = match place.backward {
            true => query.filter(orders::id.le(last)),
            false => query.filter(orders::id.ge(last)),
        };
    }
    let rows = query
        .limit(place.limit)
        .select(Summary::as_select())
        .load(conn)
        .await?;
    Ok(Found { rows, stopped_at })
}

/// The last order that is examined, if there are more.
async fn boundary(
    conn: &mut AsyncPgConnection,
    search: &Search,
    place: Place,
) -> QueryResult<Option<Uuid>> {
    let times = Search { from: search.from, to: search.to, ..Search::default() };
    filtered(&times, placed(place))
        .select(orders::id)
        .offset(EXAMINED_MAX - 1)
        .first(conn)
        .await
        .optional()
}

fn placed<'a>(place: Place) -> Boxed<'a> {
    let all = orders::table.into_boxed();
    match (place.backward, place.from) {
        (false, None) => all.order(orders::id.desc()),
        (false, Some(from)) => all.filter(orders::id.lt(from)).order(orders::id.desc()),
        (true, None) => all.order(orders::id.asc()),
        (true, Some(from)) => all.filter(orders::id.gt(from)).order(orders::id.asc()),
    }
}

fn filtered<'a>(search: &'a Search, mut query: Boxed<'a>) -> Boxed<'a> {
    if let Some(status) = search.status {
        query = query.filter(orders::status.eq(status.as_str()));
        if is_unusual(status) {
            // A parameter proves nothing to the planner.
            query = query.filter(sql::<Bool>(UNUSUAL));
        }
    }
    if let Some(payment) = search.payment {
        query = query.filter(orders::payment.eq(payment.as_str()));
    }
    if let Some(source) = &search.source {
        let told = order_events::table
            .filter(order_events::order_id.eq(orders::id))
            .filter(order_events::source.eq(source));
        query = query.filter(exists(told));
    }
    // The id's millisecond finds the place, the column decides.
    if let Some(from) = search.from {
        query = query
            .filter(orders::id.ge(first_id(from)))
            .filter(orders::created_at.ge(from.to_datetime()));
    }
    if let Some(to) = search.to {
        let next = Timestamp::from_micros_saturating(to.micros().saturating_add(1_000));
        query = query
            .filter(orders::id.lt(first_id(next)))
            .filter(orders::created_at.lt(to.to_datetime()));
    }
    query
}

/// No id of that millisecond or later is less.
fn first_id(time: Timestamp) -> Uuid {
    let milliseconds = u128::try_from(time.micros() / 1_000).unwrap_or_default();
    Uuid::from_u128(milliseconds << 80)
}
