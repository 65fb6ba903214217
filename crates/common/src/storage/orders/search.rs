//! Searching orders, by the newest first.
//!
//! Ids are times, so the primary key alone gives the order, the place and the bounds of time, and so does every index here:
//! the id stands last in each. A search goes along one of them. Its other filters are held against orders on the way, and
//! at most [`EXAMINED_MAX`](crate::storage::place::EXAMINED_MAX) of them: a page can then be short, or empty, and still say where to go on. Every index on
//! `orders` would cost the worker a write for each change (and the cheap in-place update), so there are some only for what
//! is rare and looked for: see `orders_unusual`, `orders_unusual_payment`, `orders_flagged`. What is common is found on the
//! way at once.

use diesel::QueryResult;
use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::called::called_ids;
use super::find::Summary;
use crate::domain::{Flag, Payment, Status, Timestamp};
use crate::storage::order_events::told_by;
use crate::storage::place::{Found, Place, bounded, last_examined, placed, until};
use crate::storage::schema::{order_events, orders};

/// What is looked for; what is absent does not matter.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub status: Option<Status>,
    pub payment: Option<Payment>,
    pub flag: Option<Flag>,
    /// A source that has told of it.
    pub source: Option<String>,
    /// As [`super::find()`] reads it, a webhook's id, or an event's id at its sender; else the beginning of a name.
    pub called: Option<String>,
    /// Made at that time or later.
    pub from: Option<Timestamp>,
    /// Made before that time.
    pub to: Option<Timestamp>,
}

/// The predicate of the index `orders_unusual`, said again where it shall be used: states that few orders are in, and
/// that somebody looks for.
const UNUSUAL: &str = "status IN ('requires_action', 'processing', 'failed', 'partially_paid', 'partially_refunded', \
                       'refunded', 'disputed', 'charged_back', 'cancelled', 'expired')";

/// Likewise of `orders_unusual_payment`.
const UNUSUAL_PAYMENT: &str = "payment IN ('requires_action', 'processing', 'failed', 'partially_paid', 'overpaid', \
                               'partially_refunded', 'refunded', 'voided')";

/// The predicate of the index `orders_flagged`.
const FLAGGED: &str = "flags <> '{}'";

fn is_unusual(status: Status) -> bool {
    !matches!(
        status,
        Status::Pending | Status::Authorized | Status::Paid | Status::Completed | Status::Absorbed
    )
}

fn is_unusual_payment(payment: Payment) -> bool {
    !matches!(payment, Payment::Unpaid | Payment::Authorized | Payment::Paid)
}

type Boxed<'a> = orders::BoxedQuery<'a, diesel::pg::Pg>;

/// The index that a search goes along; all that it does not answer is held against the orders on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    Flagged,
    Status(Status),
    Payment(Payment),
    /// The primary key.
    Id,
}

impl Lead {
    fn of(search: &Search) -> Self {
        match (search.flag, search.status, search.payment) {
            (Some(_), _, _) => Self::Flagged,
            (None, Some(status), _) if is_unusual(status) => Self::Status(status),
            (None, _, Some(payment)) if is_unusual_payment(payment) => Self::Payment(payment),
            (None, _, _) => Self::Id,
        }
    }

    fn along<'a>(self, query: Boxed<'a>) -> Boxed<'a> {
        // A parameter proves nothing to the planner, so the predicates of the indexes are said.
        match self {
            Self::Flagged => query.filter(sql::<Bool>(FLAGGED)),
            Self::Status(status) => query
                .filter(orders::status.eq(status.as_str()))
                .filter(sql::<Bool>(UNUSUAL)),
            Self::Payment(payment) => query
                .filter(orders::payment.eq(payment.as_str()))
                .filter(sql::<Bool>(UNUSUAL_PAYMENT)),
            Self::Id => query,
        }
    }

    /// Whether there is more to the search than this index answers.
    fn leaves_something(self, search: &Search) -> bool {
        let status = search.status.filter(|status| self != Self::Status(*status));
        let payment = search
            .payment
            .filter(|payment| self != Self::Payment(*payment));
        status.is_some() || payment.is_some() || search.flag.is_some() || search.source.is_some()
    }
}

/// Searches.
///
/// # Errors
/// As any query.
pub async fn search(
    conn: &mut AsyncPgConnection,
    search: &Search,
    place: Place,
) -> QueryResult<Found<Summary>> {
    let known = known(conn, search).await?;
    let lead = Lead::of(search);
    let walks = known.is_none() && lead.leaves_something(search);
    let stopped_at = match walks {
        true => last_examined!(conn, lead.along(within(search, place)), orders::id)?,
        false => None,
    };
    let mut query = held(search, lead.along(within(search, place)));
    if let Some(known) = known {
        query = query.filter(orders::id.eq_any(known));
    }
    let rows = until!(query, orders::id, stopped_at, place)
        .limit(place.limit)
        .select(Summary::as_select())
        .load(conn)
        .await?;
    Ok(Found { rows, stopped_at })
}

/// The only orders that can be meant, where a name or a source that told of few says so.
async fn known(conn: &mut AsyncPgConnection, search: &Search) -> QueryResult<Option<Vec<Uuid>>> {
    match (&search.called, &search.source) {
        (Some(called), _) => called_ids(conn, called).await.map(Some),
        (None, Some(source)) => {
            let told = told_by(conn, source).await?;
            Ok(told.map(|told| told.into_iter().map(|(order, _)| order).collect()))
        }
        (None, None) => Ok(None),
    }
}

/// From the place on, within the bounds of time.
fn within<'a>(search: &Search, place: Place) -> Boxed<'a> {
    let all: Boxed<'a> = orders::table.into_boxed();
    bounded!(placed!(all, orders::id, place), orders::id, orders::created_at, search)
}

/// Every filter but time, whether or not an index has answered it.
fn held<'a>(search: &'a Search, mut query: Boxed<'a>) -> Boxed<'a> {
    if let Some(status) = search.status {
        query = query.filter(orders::status.eq(status.as_str()));
    }
    if let Some(payment) = search.payment {
        query = query.filter(orders::payment.eq(payment.as_str()));
    }
    if let Some(flag) = search.flag {
        query = query.filter(orders::flags.contains(vec![flag.as_str()]));
    }
    if let Some(source) = &search.source {
        let told = order_events::table
            .filter(order_events::order_id.eq(orders::id))
            .filter(order_events::source.eq(source));
        query = query.filter(exists(told));
    }
    query
}
