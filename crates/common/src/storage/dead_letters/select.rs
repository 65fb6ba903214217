//! Which letters a replay of many is about.

use diesel::QueryResult;
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::DeathReason;
use crate::domain::Timestamp;
use crate::storage::schema::{dead_letters, webhooks};

/// Which letters; what is absent does not matter, so that nothing at all is every letter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<DeathReason>,
    /// The sender's own type of event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub native_type: Option<String>,
    /// Received at that time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Received before that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// These and no others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhooks: Option<Vec<Uuid>>,
}

type Boxed<'a> = dead_letters::BoxedQuery<'a, Pg>;

/// How many of these letters were dead by then and wait to be replayed.
///
/// # Errors
/// As any query.
pub async fn count_waiting(
    conn: &mut AsyncPgConnection,
    selection: &Selection,
    by: Timestamp,
) -> QueryResult<i64> {
    selected(selection, by)
        .filter(dead_letters::replay_state.ne("replayed"))
        // Along the primary key, like every walk through letters.
        .filter(dead_letters::webhook_id.gt(Uuid::nil()))
        .count()
        .get_result(conn)
        .await
}

/// Those of them beyond `after`, by id, at most `limit`.
///
/// # Errors
/// As any query.
pub async fn waiting(
    conn: &mut AsyncPgConnection,
    (selection, by): (&Selection, Timestamp),
    (after, limit): (Option<Uuid>, i64),
) -> QueryResult<Vec<Uuid>> {
    page(selected(selection, by).filter(dead_letters::replay_state.ne("replayed")), after, limit)
        .load(conn)
        .await
}

/// Those that were waiting when a replay of them began, at `by`, whoever has replayed them since.
///
/// # Errors
/// As any query.
pub async fn of_replay(
    conn: &mut AsyncPgConnection,
    (selection, by): (&Selection, Timestamp),
    (after, limit): (Option<Uuid>, i64),
) -> QueryResult<Vec<Uuid>> {
    let since = dead_letters::replayed_at
        .ge(by.to_datetime())
        .assume_not_null();
    let letters =
        selected(selection, by).filter(dead_letters::replay_state.ne("replayed").or(since));
    page(letters, after, limit).load(conn).await
}

fn selected<'a>(selection: &'a Selection, by: Timestamp) -> Boxed<'a> {
    let mut letters = dead_letters::table
        .filter(dead_letters::first_failed_at.le(by.to_datetime()))
        .into_boxed();
    if let Some(source) = &selection.source {
        letters = letters.filter(dead_letters::source.eq(source));
    }
    if let Some(reason) = selection.reason {
        letters = letters.filter(dead_letters::reason.eq(reason.as_str()));
    }
    if let Some(from) = selection.from {
        letters = letters.filter(dead_letters::received_at.ge(from.to_datetime()));
    }
    if let Some(to) = selection.to {
        letters = letters.filter(dead_letters::received_at.lt(to.to_datetime()));
    }
    if let Some(ids) = &selection.webhooks {
        letters = letters.filter(dead_letters::webhook_id.eq_any(ids));
    }
    if let Some(native_type) = &selection.native_type {
        // Only the log knows it; each letter leads to its row there.
        let row = webhooks::table
            .filter(webhooks::received_at.eq(dead_letters::received_at))
            .filter(webhooks::id.eq(dead_letters::webhook_id))
            .filter(webhooks::native_type.eq(native_type));
        letters = letters.filter(exists(row));
    }
    letters
}

fn page(
    letters: Boxed<'_>,
    after: Option<Uuid>,
    limit: i64,
) -> diesel::dsl::Select<Boxed<'_>, dead_letters::webhook_id> {
    letters
        .filter(dead_letters::webhook_id.gt(after.unwrap_or_default()))
        .order(dead_letters::webhook_id)
        .limit(limit)
        .select(dead_letters::webhook_id)
}
