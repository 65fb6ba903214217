//! `operator_actions`: what people and their programs did. Rows are added and never touched again.

mod by;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::place::{Found, Place, bounded, last_examined, placed, until};
use super::schema::operator_actions;
use crate::domain::Timestamp;
use crate::id;

pub use by::{By, REASON_CHARS_MAX, Reason, ReasonError};

/// One thing that somebody did.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = operator_actions, check_for_backend(diesel::pg::Pg))]
pub struct Action {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    /// `operator:<name>`, `token:<name>` or `system`.
    pub actor: String,
    pub action: String,
    pub reason: String,
    /// The address that it came from.
    pub origin: String,
    /// What it was done to, such as `order:<id>`.
    pub subject: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// An action to record.
#[derive(Clone, Debug)]
pub struct NewAction<'a> {
    pub actor: &'a str,
    pub action: &'a str,
    pub reason: &'a str,
    pub origin: &'a str,
    pub subject: &'a str,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Records an action; its id is of this moment.
///
/// # Errors
/// As any statement.
pub async fn record(
    conn: &mut AsyncPgConnection,
    new: &NewAction<'_>,
    now: Timestamp,
) -> QueryResult<Uuid> {
    let id = id::at(now);
    record_as(conn, id, new, now).await?;
    Ok(id)
}

/// Records an action under an id that was made before.
pub(super) async fn record_as(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    new: &NewAction<'_>,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::insert_into(operator_actions::table)
        .values((
            operator_actions::id.eq(id),
            operator_actions::at.eq(now.to_datetime()),
            operator_actions::actor.eq(new.actor),
            operator_actions::action.eq(new.action),
            operator_actions::reason.eq(new.reason),
            operator_actions::origin.eq(new.origin),
            operator_actions::subject.eq(new.subject),
            operator_actions::before.eq(&new.before),
            operator_actions::after.eq(&new.after),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// All that was done, the newest first.
///
/// # Errors
/// As any query.
pub async fn list(conn: &mut AsyncPgConnection, place: Place) -> QueryResult<Vec<Action>> {
    Ok(search(conn, &Search::default(), place).await?.rows)
}

/// What is looked for; what is absent does not matter.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub actor: Option<String>,
    pub action: Option<String>,
    pub subject: Option<String>,
    /// Done at that time or later.
    pub from: Option<Timestamp>,
    /// Done before that time.
    pub to: Option<Timestamp>,
}

type Boxed<'a> = operator_actions::BoxedQuery<'a, diesel::pg::Pg>;

/// What was done, the newest first. Ids are times, so the primary key gives order, place and bounds of time. Each filter
/// has an index, with the id behind it; of several the narrowest is gone by, and the others are held against rows on the
/// way, at most [`EXAMINED_MAX`](super::place::EXAMINED_MAX) of them.
///
/// # Errors
/// As any query.
pub async fn search(
    conn: &mut AsyncPgConnection,
    search: &Search,
    place: Place,
) -> QueryResult<Found<Action>> {
    let Search { actor, action, subject, .. } = search;
    let filters = [actor, action, subject];
    let walks = filters.into_iter().flatten().count() > 1;
    let stopped_at = match walks {
        true => last_examined!(conn, along(search, place), operator_actions::id)?,
        false => None,
    };
    let mut query = along(search, place);
    if let Some(actor) = actor {
        query = query.filter(operator_actions::actor.eq(actor));
    }
    if let Some(action) = action {
        query = query.filter(operator_actions::action.eq(action));
    }
    let rows = until!(query, operator_actions::id, stopped_at, place)
        .limit(place.limit)
        .select(Action::as_select())
        .load(conn)
        .await?;
    Ok(Found { rows, stopped_at })
}

/// Those along the index that is gone by.
fn along<'a>(search: &'a Search, place: Place) -> Boxed<'a> {
    let all = operator_actions::table.into_boxed();
    let query = match (&search.subject, &search.actor, &search.action) {
        (Some(subject), _, _) => all.filter(operator_actions::subject.eq(subject)),
        (None, Some(actor), _) => all.filter(operator_actions::actor.eq(actor)),
        (None, None, Some(action)) => all.filter(operator_actions::action.eq(action)),
        (None, None, None) => all,
    };
    let query = bounded!(query, operator_actions::id, operator_actions::at, search);
    placed!(query, operator_actions::id, place)
}
