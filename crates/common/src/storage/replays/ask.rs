//! Asking for a replay, and calling it off. Each is an operator's action, on record in the same transaction.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::Timestamp;
use crate::id;
use crate::storage::dead_letters::{Selection, count_waiting};
use crate::storage::operator_actions::{self, By, NewAction};
use crate::storage::schema::replays;
use crate::storage::statement::statement;

/// A replay to begin.
#[derive(Clone, Debug)]
pub struct NewReplay<'a> {
    pub by: By<'a>,
    pub selection: &'a Selection,
    /// Letters in a second, at most: 1 to [`super::RATE_MAX`].
    pub rate: u16,
    /// Whoever is at work on it from the start, and until when that is believed; absent: whoever takes it.
    pub held: Option<(Uuid, Timestamp)>,
}

/// Begins a replay of the letters that are dead now. Returns its id.
///
/// # Errors
/// As any statement; nothing is half begun.
pub async fn create(
    conn: &mut AsyncPgConnection,
    new: &NewReplay<'_>,
    now: Timestamp,
) -> QueryResult<Uuid> {
    conn.build_transaction()
        .read_committed()
        .run(async |conn| {
            let (id, at) = (id::at(now), now.to_datetime());
            let matched = count_waiting(conn, new.selection, now).await?;
            let filter = serde_json::to_value(new.selection).unwrap_or_default();
            diesel::insert_into(replays::table)
                .values((
                    replays::id.eq(id),
                    replays::actor.eq(new.by.actor),
                    replays::reason.eq(new.by.reason.as_str()),
                    replays::origin.eq(new.by.origin),
                    replays::filter.eq(&filter),
                    replays::rate.eq(i32::from(new.rate)),
                    replays::matched.eq(matched),
                    replays::holder.eq(new.held.map(|(holder, _)| holder)),
                    replays::lease_until.eq(new.held.map(|(_, until)| until.to_datetime())),
                    replays::created_at.eq(at),
                    replays::updated_at.eq(at),
                ))
                .execute(conn)
                .await?;
            let told = json!({ "filter": filter, "rate": new.rate, "matched": matched });
            record(conn, ("replay_many", id), new.by, (told, now)).await?;
            Ok(id)
        })
        .await
}

statement! {
    struct Cancel { finished: DateTime<Utc> => Timestamptz, updated: DateTime<Utc> => Timestamptz, id: Uuid => SqlUuid }
    -> ();
    "UPDATE replays SET state = 'cancelled', finished_at = $, updated_at = $ WHERE id = $ AND state = 'running'"
}

/// Calls a replay off. Its holder ends the letter that it has in hand, counts it and begins no other. Returns whether it
/// was running.
///
/// # Errors
/// As any statement; nothing is half done.
pub async fn cancel(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    by: By<'_>,
    now: Timestamp,
) -> QueryResult<bool> {
    conn.build_transaction()
        .read_committed()
        .run(async |conn| {
            let at = now.to_datetime();
            let cancelled = Cancel { finished: at, updated: at, id }
                .execute(conn)
                .await?
                == 1;
            if cancelled {
                let told = json!({ "state": "cancelled" });
                record(conn, ("cancel_replay", id), by, (told, now)).await?;
            }
            Ok(cancelled)
        })
        .await
}

async fn record(
    conn: &mut AsyncPgConnection,
    (action, id): (&str, Uuid),
    by: By<'_>,
    (told, now): (Value, Timestamp),
) -> QueryResult<()> {
    let action = NewAction {
        actor: by.actor,
        action,
        reason: by.reason.as_str(),
        origin: by.origin,
        subject: &format!("replay:{id}"),
        before: None,
        after: Some(told),
    };
    operator_actions::record(conn, &action, now)
        .await
        .map(|_id| ())
}
