//! Replaying dead letters: whose turn it is.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::domain::{Timestamp, Verdict};
use crate::storage::schema::{dead_letters, webhooks};
use crate::storage::statement::{statement, unreadable};

/// The whole message of a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Message {
    pub webhook_id: Uuid,
    pub bytes: Vec<u8>,
    /// The trace of the webhook, as the log has it: the message itself does not tell.
    pub trace_id: Option<String>,
}

/// The whole message of a dead letter.
///
/// # Errors
/// As any query.
pub async fn message(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<Message>> {
    Ok(messages(conn, &[id]).await?.pop())
}

/// The whole messages of dead letters, by id.
///
/// # Errors
/// As any query.
pub async fn messages(conn: &mut AsyncPgConnection, ids: &[Uuid]) -> QueryResult<Vec<Message>> {
    dead_letters::table
        .left_join(webhooks::table.on(in_the_log()))
        .filter(dead_letters::webhook_id.eq_any(ids))
        .order(dead_letters::webhook_id)
        .select((dead_letters::webhook_id, dead_letters::message, webhooks::trace_id.nullable()))
        .load(conn)
        .await
}

/// The row of the log that a letter is about; its month may be gone.
#[diesel::dsl::auto_type(no_type_alias)]
fn in_the_log() -> _ {
    webhooks::received_at
        .eq(dead_letters::received_at)
        .and(webhooks::id.eq(dead_letters::webhook_id))
}

statement! {
    struct Begin {
        now: DateTime<Utc> => Timestamptz,
        id: Uuid => SqlUuid,
        gone: DateTime<Utc> => Timestamptz,
    }
    -> ();
    "UPDATE dead_letters SET replay_state = 'replaying', replays = replays + 1, replayed_at = $, replay_id = NULL \
     WHERE webhook_id = $ AND (replay_state = 'none' OR (replay_state = 'replaying' AND replayed_at <= $))"
}

/// Takes a letter to replay it. Returns whether it was free: neither replayed, nor being replayed by somebody who began
/// after `gone`.
///
/// # Errors
/// As any statement.
pub async fn begin_replay(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    (now, gone): (Timestamp, Timestamp),
) -> QueryResult<bool> {
    let begin = Begin { now: now.to_datetime(), id, gone: gone.to_datetime() };
    Ok(begin.execute(conn).await? == 1)
}

/// One holder's turn at a replay of many letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    pub replay: Uuid,
    pub holder: Uuid,
}

statement! {
    struct BeginOne {
        now: DateTime<Utc> => Timestamptz,
        replay: Uuid => SqlUuid,
        id: Uuid => SqlUuid,
        gone: DateTime<Utc> => Timestamptz,
        taken_by: Uuid => SqlUuid,
        running: Uuid => SqlUuid,
        holder: Uuid => SqlUuid,
    }
    -> ();
    "UPDATE dead_letters SET replay_state = 'replaying', replays = replays + 1, replayed_at = $, replay_id = $ \
     WHERE webhook_id = $ \
       AND (replay_state = 'none' OR (replay_state = 'replaying' AND (replayed_at <= $ OR replay_id = $))) \
       AND EXISTS (SELECT FROM replays WHERE id = $ AND holder = $ AND state = 'running')"
}

/// Takes a letter as one of many. A letter that the same replay took before is its own still: whoever held the replay then
/// is gone. Returns whether it was free, the replay is running, and this holder's.
///
/// # Errors
/// As any statement.
pub async fn begin_one_of_many(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    turn: Turn,
    (now, gone): (Timestamp, Timestamp),
) -> QueryResult<bool> {
    let begin = BeginOne {
        now: now.to_datetime(),
        replay: turn.replay,
        id,
        gone: gone.to_datetime(),
        taken_by: turn.replay,
        running: turn.replay,
        holder: turn.holder,
    };
    Ok(begin.execute(conn).await? == 1)
}

/// How a letter stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `none`, `replaying` or `replayed`.
    pub replay_state: String,
    /// The replay of many that took it last, if it was one.
    pub replay_id: Option<Uuid>,
    /// What the log says of its webhook; none where its month is gone.
    pub verdict: Option<Verdict>,
}

/// How a letter stands.
///
/// # Errors
/// As any query.
pub async fn standing(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<Standing>> {
    type Row = (String, Option<Uuid>, Option<String>);
    let row: Option<Row> = dead_letters::table
        .left_join(webhooks::table.on(in_the_log()))
        .filter(dead_letters::webhook_id.eq(id))
        .select((dead_letters::replay_state, dead_letters::replay_id, webhooks::verdict.nullable()))
        .first(conn)
        .await
        .optional()?;
    let standing = |(replay_state, replay_id, verdict): Row| {
        let verdict = verdict.map(|text| text.parse()).transpose();
        Ok(Standing { replay_state, replay_id, verdict: verdict.map_err(unreadable)? })
    };
    row.map(standing).transpose()
}

statement! {
    struct GiveBack { id: Uuid => SqlUuid, replay: Option<Uuid> => Nullable<SqlUuid> }
    -> ();
    "UPDATE dead_letters SET replay_state = 'none' \
     WHERE webhook_id = $ AND replay_state = 'replaying' AND replay_id IS NOT DISTINCT FROM $"
}

/// Gives a letter back that was taken alone, or as one of many, and was not replayed.
///
/// # Errors
/// As any statement.
pub async fn give_back(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    replay: Option<Uuid>,
) -> QueryResult<()> {
    GiveBack { id, replay }.execute(conn).await.map(|_given| ())
}

statement! {
    struct Close { id: Uuid => SqlUuid }
    -> ();
    "UPDATE dead_letters SET replay_state = 'replayed' WHERE webhook_id = $ AND replay_state = 'replaying'"
}

/// Notes that the webhook of a letter that was taken was found settled: there is nothing left to replay. Returns whether
/// that was news; a commit of somebody else's replay notes it too.
///
/// # Errors
/// As any statement.
pub async fn close(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<bool> {
    Ok(Close { id }.execute(conn).await? == 1)
}
