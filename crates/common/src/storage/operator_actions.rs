//! `operator_actions`: what people and their programs did. Rows are added and never touched again.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::place::Place;
use super::schema::operator_actions;
use crate::domain::Timestamp;
use crate::id;

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
    Ok(id)
}

/// What was done, the newest first.
///
/// # Errors
/// As any query.
pub async fn list(conn: &mut AsyncPgConnection, place: Place) -> QueryResult<Vec<Action>> {
    let all = operator_actions::table.into_boxed();
    let placed = match (place.backward, place.from) {
        (false, None) => all.order(operator_actions::id.desc()),
        (false, Some(from)) => all
            .filter(operator_actions::id.lt(from))
            .order(operator_actions::id.desc()),
        (true, from) => all
            .filter(operator_actions::id.gt(from.unwrap_or_default()))
            .order(operator_actions::id.asc()),
    };
    placed
        .limit(place.limit)
        .select(Action::as_select())
        .load(conn)
        .await
}
