//! Searching dead letters, and counting them by what is wrong. They are few, or somebody is at work on them: filters
//! are held against all of them in the order of the primary key.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{DeadLetter, DeathReason};
use crate::storage::place::Place;
use crate::storage::schema::dead_letters;
use crate::storage::statement::statement;

/// What is looked for; what is absent does not matter.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub source: Option<String>,
    pub reason: Option<DeathReason>,
    /// `none`, `replaying` or `replayed`.
    pub replay_state: Option<String>,
}

/// Searches, the newest first.
///
/// # Errors
/// As any query.
pub async fn search(
    conn: &mut AsyncPgConnection,
    search: &Search,
    place: Place,
) -> QueryResult<Vec<DeadLetter>> {
    let mut query = dead_letters::table.into_boxed();
    if let Some(source) = &search.source {
        query = query.filter(dead_letters::source.eq(source));
    }
    if let Some(reason) = search.reason {
        query = query.filter(dead_letters::reason.eq(reason.as_str()));
    }
    if let Some(state) = &search.replay_state {
        query = query.filter(dead_letters::replay_state.eq(state));
    }
    query = match (place.backward, place.from) {
        (false, None) => query.order(dead_letters::webhook_id.desc()),
        (false, Some(from)) => query
            .filter(dead_letters::webhook_id.lt(from))
            .order(dead_letters::webhook_id.desc()),
        (true, from) => query
            .filter(dead_letters::webhook_id.gt(from.unwrap_or_default()))
            .order(dead_letters::webhook_id.asc()),
    };
    query
        .limit(place.limit)
        .select(DeadLetter::as_select())
        .load(conn)
        .await
}

/// # Errors
/// As any query.
pub async fn find(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<DeadLetter>> {
    dead_letters::table
        .find(id)
        .select(DeadLetter::as_select())
        .first(conn)
        .await
        .optional()
}

/// Dead letters that nobody has replayed, with the same thing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub source: String,
    pub reason: String,
    pub letters: i64,
    pub first_failed_at: DateTime<Utc>,
    pub last_failed_at: DateTime<Utc>,
}

statement! {
    struct Groups {}
    -> (Text, Text, BigInt, Timestamptz, Timestamptz);
    "SELECT source, reason, count(*), min(first_failed_at), max(last_failed_at) FROM dead_letters \
     WHERE replay_state = 'none' GROUP BY source, reason ORDER BY count(*) DESC, source, reason"
}

/// By source and reason, the most first.
///
/// # Errors
/// As any query.
pub async fn groups(conn: &mut AsyncPgConnection) -> QueryResult<Vec<Group>> {
    type Row = (String, String, i64, DateTime<Utc>, DateTime<Utc>);
    let rows: Vec<Row> = Groups {}.load(conn).await?;
    let group = |(source, reason, letters, first_failed_at, last_failed_at)| Group {
        source,
        reason,
        letters,
        first_failed_at,
        last_failed_at,
    };
    Ok(rows.into_iter().map(group).collect())
}
