//! `fetches`: which objects workers ask providers about, how often they did, and when they may again.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use super::statement::{column, statement, unreadable};
use super::text::storable;
use crate::domain::{Facts, Timestamp};

/// A hint that nothing newer is known about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unanswered {
    pub namespace: String,
    pub object: String,
    /// The hint's time in microseconds.
    pub hint_at: i64,
}

/// One to ask about now; nobody else does until the lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    pub hint: Unanswered,
    /// This one included.
    pub attempt: i16,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// Not before then again, if the order still needs it.
    pub due_at: Timestamp,
    /// Not again at all, until a later hint.
    pub given_up: bool,
    pub error: Option<String>,
}

statement! {
    struct Needing { after: Uuid => SqlUuid, limit: i64 => BigInt }
    -> (SqlUuid, Text, diesel::sql_types::Jsonb);
    "SELECT id, namespace, facts FROM orders WHERE flags @> ARRAY['needs_fetch'] AND id > $ ORDER BY id LIMIT $"
}

statement! {
    struct Claim<'a> {
        lease_until: DateTime<Utc> => Timestamptz,
        namespace: Vec<std::borrow::Cow<'a, str>> => Array<Text>,
        object: Vec<std::borrow::Cow<'a, str>> => Array<Text>,
        hint_at: Vec<i64> => Array<BigInt>,
        now: DateTime<Utc> => Timestamptz,
    }
    -> (Text, Text, BigInt, SmallInt);
    "INSERT INTO fetches AS known (namespace, object, hint_at, attempts, due_at) \
     SELECT namespace, object, hint_at, 1, $ \
     FROM UNNEST($, $, $) AS asked(namespace, object, hint_at) ORDER BY 1, 2 \
     ON CONFLICT (namespace, object) DO UPDATE SET \
         attempts = CASE WHEN known.hint_at < EXCLUDED.hint_at THEN 1 ELSE known.attempts + 1 END, \
         hint_at = EXCLUDED.hint_at, due_at = EXCLUDED.due_at, given_up = false \
     WHERE known.due_at <= $ AND (NOT known.given_up OR known.hint_at < EXCLUDED.hint_at) \
     RETURNING namespace, object, hint_at, attempts"
}

statement! {
    struct Note<'a> {
        due_at: DateTime<Utc> => Timestamptz,
        given_up: bool => Bool,
        error: Option<std::borrow::Cow<'a, str>> => Nullable<Text>,
        namespace: &'a str => Text,
        object: &'a str => Text,
        hint_at: i64 => BigInt,
    }
    -> ();
    "UPDATE fetches SET due_at = $, given_up = $, last_error = $ \
     WHERE namespace = $ AND object = $ AND hint_at = $"
}

/// The hints of a page of orders, by id beyond `after`; with the page's last id, absent where it is the last page.
///
/// # Errors
/// As any query.
pub async fn unanswered(
    conn: &mut AsyncPgConnection,
    after: Uuid,
    limit: i64,
) -> QueryResult<(Vec<Unanswered>, Option<Uuid>)> {
    let rows: Vec<(Uuid, String, serde_json::Value)> = Needing { after, limit }.load(conn).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    let last = rows.last().map(|(id, _, _)| *id).filter(|_| full);
    let mut found = Vec::new();
    for (_, namespace, facts) in rows {
        let facts: Facts = serde_json::from_value(facts).map_err(unreadable)?;
        found.extend(facts.unanswered().map(|(object, hint_at)| Unanswered {
            namespace: namespace.clone(),
            object: object.to_owned(),
            hint_at,
        }));
    }
    // Two orders can have heard of one object.
    found.sort();
    found.reverse();
    found.dedup_by(|one, other| (&one.namespace, &one.object) == (&other.namespace, &other.object));
    Ok((found, last))
}

/// Takes those that are due, until the lease ends.
///
/// # Errors
/// As any statement; nothing is half taken.
pub async fn claim(
    conn: &mut AsyncPgConnection,
    hints: &[Unanswered],
    (now, lease_until): (Timestamp, Timestamp),
) -> QueryResult<Vec<Claimed>> {
    if hints.is_empty() {
        return Ok(Vec::new());
    }
    let claim = Claim {
        lease_until: lease_until.to_datetime(),
        namespace: column(hints, |hint| storable(&hint.namespace)),
        object: column(hints, |hint| storable(&hint.object)),
        hint_at: column(hints, |hint| hint.hint_at),
        now: now.to_datetime(),
    };
    let rows: Vec<(String, String, i64, i16)> = claim.load(conn).await?;
    let claimed = |(namespace, object, hint_at, attempt)| Claimed {
        hint: Unanswered { namespace, object, hint_at },
        attempt,
    };
    Ok(rows.into_iter().map(claimed).collect())
}

/// Notes what came of an attempt, unless a later hint has taken its place.
///
/// # Errors
/// As any statement.
pub async fn note(
    conn: &mut AsyncPgConnection,
    hint: &Unanswered,
    attempted: &Attempted,
) -> QueryResult<()> {
    let note = Note {
        due_at: attempted.due_at.to_datetime(),
        given_up: attempted.given_up,
        error: attempted.error.as_deref().map(storable),
        namespace: &hint.namespace,
        object: &hint.object,
        hint_at: hint.hint_at,
    };
    note.execute(conn).await?;
    Ok(())
}
