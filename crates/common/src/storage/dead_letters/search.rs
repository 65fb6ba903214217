//! Searching dead letters, and counting them by what is wrong. Each filter has an index, with the id behind it; of several
//! the narrowest is gone by, and the others are held against letters on the way, at most
//! [`EXAMINED_MAX`](crate::storage::place::EXAMINED_MAX) of them.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{DeadLetter, DeathReason};
use crate::storage::place::{Found, Place, last_examined, placed, until};
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

type Boxed<'a> = dead_letters::BoxedQuery<'a, diesel::pg::Pg>;

/// Searches, the newest first.
///
/// # Errors
/// As any query.
pub async fn search(
    conn: &mut AsyncPgConnection,
    search: &Search,
    place: Place,
) -> QueryResult<Found<DeadLetter>> {
    let Search { source, reason, replay_state } = search;
    let filters = [source.is_some(), reason.is_some(), replay_state.is_some()];
    let walks = filters.into_iter().filter(|given| *given).count() > 1;
    let stopped_at = match walks {
        true => last_examined!(conn, along(search, place), dead_letters::webhook_id)?,
        false => None,
    };
    let mut query = along(search, place);
    if let Some(source) = source {
        query = query.filter(dead_letters::source.eq(source));
    }
    if let Some(state) = replay_state {
        query = query.filter(dead_letters::replay_state.eq(state));
    }
    let rows = until!(query, dead_letters::webhook_id, stopped_at, place)
        .limit(place.limit)
        .select(DeadLetter::as_select())
        .load(conn)
        .await?;
    Ok(Found { rows, stopped_at })
}

/// Those along the index that is gone by.
fn along<'a>(search: &'a Search, place: Place) -> Boxed<'a> {
    let all = dead_letters::table.into_boxed();
    let query = match (search.reason, &search.source, &search.replay_state) {
        (Some(reason), _, _) => all.filter(dead_letters::reason.eq(reason.as_str())),
        (None, Some(source), _) => all.filter(dead_letters::source.eq(source)),
        (None, None, Some(state)) => all.filter(dead_letters::replay_state.eq(state)),
        (None, None, None) => all,
    };
    placed!(query, dead_letters::webhook_id, place)
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
