//! Replaying dead letters: whose turn it is.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::domain::Timestamp;
use crate::storage::schema::dead_letters;
use crate::storage::statement::statement;

/// The whole message of a dead letter.
///
/// # Errors
/// As any query.
pub async fn message(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<Vec<u8>>> {
    dead_letters::table
        .find(id)
        .select(dead_letters::message)
        .first(conn)
        .await
        .optional()
}

statement! {
    struct Begin {
        now: DateTime<Utc> => Timestamptz,
        id: Uuid => SqlUuid,
        gone: DateTime<Utc> => Timestamptz,
    }
    -> ();
    "UPDATE dead_letters SET replay_state = 'replaying', replays = replays + 1, replayed_at = $ \
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

statement! {
    struct GiveBack { id: Uuid => SqlUuid }
    -> ();
    "UPDATE dead_letters SET replay_state = 'none' WHERE webhook_id = $ AND replay_state = 'replaying'"
}

/// Gives a letter back whose replay did not happen.
///
/// # Errors
/// As any statement.
pub async fn give_back(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<()> {
    GiveBack { id }.execute(conn).await.map(|_given| ())
}
