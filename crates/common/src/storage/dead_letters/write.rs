//! Writing dead letters, many at a time.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{Array, Binary, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use super::DeathReason;
use crate::domain::Timestamp;
use crate::storage::commit::Pending;
use crate::storage::statement::{column, statement};
use crate::storage::text::storable;

/// A dead letter to write.
pub(in crate::storage) struct DeadRow<'a> {
    pub(in crate::storage) webhook_id: Uuid,
    pub(in crate::storage) received_at: Timestamp,
    pub(in crate::storage) source: &'a str,
    pub(in crate::storage) reason: DeathReason,
    pub(in crate::storage) error: String,
    pub(in crate::storage) attempts: u16,
    pub(in crate::storage) at: Timestamp,
    pub(in crate::storage) message: Cow<'a, [u8]>,
}

impl<'a> DeadRow<'a> {
    pub(in crate::storage) fn of(
        pending: &'a Pending,
        reason: DeathReason,
        error: &str,
        at: Timestamp,
    ) -> Self {
        let event = &pending.envelope.event;
        Self {
            webhook_id: event.webhook_id,
            received_at: pending.envelope.received_at,
            source: &event.source,
            reason,
            error: error.to_owned(),
            attempts: pending.attempts.saturating_add(1),
            at,
            message: pending.envelope.encode().into(),
        }
    }
}

statement! {
    struct Write<'a> {
        webhook_id: Vec<Uuid> => Array<SqlUuid>,
        received_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        source: Vec<Cow<'a, str>> => Array<Text>,
        reason: Vec<&'static str> => Array<Text>,
        error: Vec<Cow<'a, str>> => Array<Text>,
        attempts: Vec<i16> => Array<SmallInt>,
        at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        message: Vec<&'a [u8]> => Array<Binary>,
    }
    -> ();
    "INSERT INTO dead_letters AS known (webhook_id, received_at, source, reason, error, attempts, first_failed_at, \
         last_failed_at, message) \
     SELECT webhook_id, received_at, source, reason, error, attempts, at, at, message \
     FROM UNNEST($, $, $, $, $, $, $, $) \
         AS new(webhook_id, received_at, source, reason, error, attempts, at, message) \
     ORDER BY webhook_id \
     ON CONFLICT (webhook_id) DO UPDATE SET reason = EXCLUDED.reason, error = EXCLUDED.error, \
         attempts = EXCLUDED.attempts, last_failed_at = greatest(known.last_failed_at, EXCLUDED.last_failed_at), \
         message = EXCLUDED.message, replay_state = 'none'"
}

/// Writes dead letters; one that was replayed and died again is dead again.
pub(in crate::storage) async fn write(
    conn: &mut AsyncPgConnection,
    rows: &[DeadRow<'_>],
) -> QueryResult<()> {
    let write = Write {
        webhook_id: column(rows, |row| row.webhook_id),
        received_at: column(rows, |row| row.received_at.to_datetime()),
        source: column(rows, |row| storable(row.source)),
        reason: column(rows, |row| row.reason.as_str()),
        error: column(rows, |row| storable(&row.error)),
        attempts: column(rows, |row| i16::try_from(row.attempts).unwrap_or(i16::MAX)),
        at: column(rows, |row| row.at.to_datetime()),
        message: column(rows, |row| row.message.as_ref()),
    };
    write.execute(conn).await.map(|_written| ())
}

statement! {
    struct MarkReplayed<'a> { ids: &'a [Uuid] => Array<SqlUuid> }
    -> ();
    "UPDATE dead_letters SET replay_state = 'replayed' WHERE webhook_id = ANY($)"
}

/// Says that events came to life again.
pub(in crate::storage) async fn mark_replayed(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<()> {
    MarkReplayed { ids }.execute(conn).await.map(|_marked| ())
}
