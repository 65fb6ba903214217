//! Working on a replay: whose it is, and how far it has come.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use super::{Counts, Outcome};
use crate::domain::Timestamp;
use crate::storage::dead_letters::Turn;
use crate::storage::statement::statement;
use crate::storage::text::storable;

statement! {
    struct Take {
        holder: Uuid => SqlUuid,
        lease_until: DateTime<Utc> => Timestamptz,
        updated_at: DateTime<Utc> => Timestamptz,
        started_at: DateTime<Utc> => Timestamptz,
        now: DateTime<Utc> => Timestamptz,
    }
    -> (SqlUuid,);
    "UPDATE replays SET holder = $, lease_until = $, updated_at = $, started_at = coalesce(started_at, $) \
     WHERE id = (SELECT id FROM replays WHERE state = 'running' AND (lease_until IS NULL OR lease_until <= $) \
                 ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) \
     RETURNING id"
}

/// Takes the oldest running replay that nobody is at work on; of several that ask, one gets it.
///
/// # Errors
/// As any statement.
pub async fn take(
    conn: &mut AsyncPgConnection,
    holder: Uuid,
    (now, lease_until): (Timestamp, Timestamp),
) -> QueryResult<Option<Turn>> {
    let at = now.to_datetime();
    let take = Take {
        holder,
        lease_until: lease_until.to_datetime(),
        updated_at: at,
        started_at: at,
        now: at,
    };
    let taken: Vec<(Uuid,)> = take.load(conn).await?;
    Ok(taken
        .into_iter()
        .next()
        .map(|(replay,)| Turn { replay, holder }))
}

statement! {
    struct TakeOne {
        holder: Uuid => SqlUuid,
        lease_until: DateTime<Utc> => Timestamptz,
        updated_at: DateTime<Utc> => Timestamptz,
        started_at: DateTime<Utc> => Timestamptz,
        id: Uuid => SqlUuid,
        now: DateTime<Utc> => Timestamptz,
    }
    -> ();
    "UPDATE replays SET holder = $, lease_until = $, updated_at = $, started_at = coalesce(started_at, $) \
     WHERE id = $ AND state = 'running' AND (lease_until IS NULL OR lease_until <= $)"
}

/// Takes this replay, if it is running and nobody is at work on it; of several that ask, one gets it.
///
/// # Errors
/// As any statement.
pub async fn take_one(
    conn: &mut AsyncPgConnection,
    turn: Turn,
    (now, lease_until): (Timestamp, Timestamp),
) -> QueryResult<bool> {
    let at = now.to_datetime();
    let take = TakeOne {
        holder: turn.holder,
        lease_until: lease_until.to_datetime(),
        updated_at: at,
        started_at: at,
        id: turn.replay,
        now: at,
    };
    Ok(take.execute(conn).await? == 1)
}

/// A sign of life, and what was done since the last one.
#[derive(Clone, Debug)]
pub struct Note<'a> {
    /// A letter and what became of it: it is counted, and the position is behind it.
    pub done: Option<(Uuid, Outcome)>,
    /// What went wrong, for operators; absent: as it was.
    pub error: Option<&'a str>,
    pub lease_until: Timestamp,
    pub now: Timestamp,
}

statement! {
    struct Write<'a> {
        position: Option<Uuid> => Nullable<SqlUuid>,
        applied: i64 => BigInt,
        no_change: i64 => BigInt,
        duplicate: i64 => BigInt,
        conflict: i64 => BigInt,
        ignored: i64 => BigInt,
        unusable: i64 => BigInt,
        elsewhere: i64 => BigInt,
        missed: i64 => BigInt,
        error: Option<Cow<'a, str>> => Nullable<Text>,
        lease_until: DateTime<Utc> => Timestamptz,
        started_at: DateTime<Utc> => Timestamptz,
        updated_at: DateTime<Utc> => Timestamptz,
        id: Uuid => SqlUuid,
        holder: Uuid => SqlUuid,
    }
    -> (Text,);
    "UPDATE replays SET position = coalesce($, position), applied = applied + $, no_change = no_change + $, \
         duplicate = duplicate + $, conflict = conflict + $, ignored = ignored + $, unusable = unusable + $, \
         elsewhere = elsewhere + $, missed = missed + $, last_error = coalesce($, last_error), lease_until = $, \
         started_at = coalesce(started_at, $), updated_at = $ \
     WHERE id = $ AND holder = $ RETURNING state"
}

/// Gives a sign of life. Returns whether to go on: the replay is running, and still this holder's. The letter in hand is
/// counted even if the replay was cancelled meanwhile.
///
/// # Errors
/// As any statement.
pub async fn note(conn: &mut AsyncPgConnection, turn: Turn, note: &Note<'_>) -> QueryResult<bool> {
    let mut counts = Counts::default();
    if let Some((_, outcome)) = note.done {
        counts.add(outcome);
    }
    let write = Write {
        position: note.done.map(|(letter, _)| letter),
        applied: counts.applied,
        no_change: counts.no_change,
        duplicate: counts.duplicate,
        conflict: counts.conflict,
        ignored: counts.ignored,
        unusable: counts.unusable,
        elsewhere: counts.elsewhere,
        missed: counts.missed,
        error: note.error.map(storable),
        lease_until: note.lease_until.to_datetime(),
        started_at: note.now.to_datetime(),
        updated_at: note.now.to_datetime(),
        id: turn.replay,
        holder: turn.holder,
    };
    let states: Vec<(String,)> = write.load(conn).await?;
    Ok(states.iter().any(|(state,)| state == "running"))
}

statement! {
    struct Finish {
        finished_at: DateTime<Utc> => Timestamptz,
        updated_at: DateTime<Utc> => Timestamptz,
        id: Uuid => SqlUuid,
        holder: Uuid => SqlUuid,
    }
    -> ();
    "UPDATE replays SET state = 'finished', finished_at = $, updated_at = $, holder = NULL, lease_until = NULL, \
         elsewhere = elsewhere + greatest(0, matched - \
             (applied + no_change + duplicate + conflict + ignored + unusable + elsewhere + missed)) \
     WHERE id = $ AND holder = $ AND state = 'running'"
}

/// Ends a replay whose last letter is counted. What it matched and did not meet, somebody else settled before it came
/// there. Returns whether it was running and this holder's.
///
/// # Errors
/// As any statement.
pub async fn finish(conn: &mut AsyncPgConnection, turn: Turn, now: Timestamp) -> QueryResult<bool> {
    let at = now.to_datetime();
    let finish = Finish { finished_at: at, updated_at: at, id: turn.replay, holder: turn.holder };
    Ok(finish.execute(conn).await? == 1)
}

statement! {
    struct Release { id: Uuid => SqlUuid, holder: Uuid => SqlUuid }
    -> ();
    "UPDATE replays SET holder = NULL, lease_until = NULL WHERE id = $ AND holder = $ AND state = 'running'"
}

/// Lets go of a replay, so that somebody else need not wait for the lease to end.
///
/// # Errors
/// As any statement.
pub async fn release(conn: &mut AsyncPgConnection, turn: Turn) -> QueryResult<()> {
    let release = Release { id: turn.replay, holder: turn.holder };
    release.execute(conn).await.map(|_released| ())
}
