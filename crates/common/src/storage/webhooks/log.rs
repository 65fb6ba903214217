//! Reading and writing rows of the log, many at a time.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{
    Array, BigInt, Binary, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use crate::domain::envelope::Envelope;
use crate::domain::{Timestamp, Verdict};
use crate::storage::statement::{column, statement, unreadable};
use crate::storage::text::{storable, storable_json};

/// What the log says of an event already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::storage) struct Logged {
    /// None while it is retrying.
    pub(in crate::storage) verdict: Option<Verdict>,
    pub(in crate::storage) reason: Option<String>,
    pub(in crate::storage) order_id: Option<Uuid>,
}

/// A row to write.
pub(in crate::storage) struct LogRow<'a> {
    pub(in crate::storage) envelope: &'a Envelope,
    pub(in crate::storage) trace_id: Option<&'a str>,
    pub(in crate::storage) attempts: u16,
    pub(in crate::storage) ended: Ended,
}

/// Where the event stands.
pub(in crate::storage) enum Ended {
    Retrying {
        due_at: Timestamp,
        error: String,
    },
    Final {
        verdict: Verdict,
        reason: String,
        order_id: Option<Uuid>,
        error: Option<String>,
        at: Timestamp,
    },
}

statement! {
    struct Find {
        received_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        ids: Vec<Uuid> => Array<SqlUuid>,
    }
    -> (SqlUuid, Nullable<Text>, Nullable<Text>, Nullable<SqlUuid>);
    "SELECT w.id, w.verdict, w.reason, w.order_id FROM UNNEST($, $) AS asked(received_at, id) \
     JOIN webhooks w ON w.received_at = asked.received_at AND w.id = asked.id"
}

/// What the log says of these events; one that it does not know is absent.
pub(in crate::storage) async fn logged(
    conn: &mut AsyncPgConnection,
    events: &[(Timestamp, Uuid)],
) -> QueryResult<HashMap<Uuid, Logged>> {
    type Row = (Uuid, Option<String>, Option<String>, Option<Uuid>);
    let find = Find {
        received_at: column(events, |(received_at, _)| received_at.to_datetime()),
        ids: column(events, |(_, id)| *id),
    };
    let rows: Vec<Row> = find.load(conn).await?;
    let logged = rows.into_iter().map(|(id, verdict, reason, order_id)| {
        let verdict = verdict
            .map(|text| text.parse())
            .transpose()
            .map_err(unreadable)?;
        Ok((id, Logged { verdict, reason, order_id }))
    });
    logged.collect()
}

statement! {
    struct Write<'a> {
        received_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        id: Vec<Uuid> => Array<SqlUuid>,
        source: Vec<Cow<'a, str>> => Array<Text>,
        provider: Vec<Cow<'a, str>> => Array<Text>,
        account: Vec<Option<Cow<'a, str>>> => Array<Nullable<Text>>,
        dedup_key: Vec<Cow<'a, str>> => Array<Text>,
        body_sha256: Vec<&'a [u8]> => Array<Binary>,
        native_type: Vec<Cow<'a, str>> => Array<Text>,
        order_id: Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>,
        state: Vec<&'static str> => Array<Text>,
        verdict: Vec<Option<&'static str>> => Array<Nullable<Text>>,
        reason: Vec<Option<Cow<'a, str>>> => Array<Nullable<Text>>,
        attempts: Vec<i16> => Array<SmallInt>,
        correlation_id: Vec<Cow<'a, str>> => Array<Text>,
        trace_id: Vec<Option<Cow<'a, str>>> => Array<Nullable<Text>>,
        committed_at: Vec<Option<DateTime<Utc>>> => Array<Nullable<Timestamptz>>,
        processing_ms: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        due_at: Vec<Option<DateTime<Utc>>> => Array<Nullable<Timestamptz>>,
        last_error: Vec<Option<Cow<'a, str>>> => Array<Nullable<Text>>,
        body: Vec<&'a [u8]> => Array<Binary>,
        body_encoding: Vec<&'static str> => Array<Text>,
        headers: Vec<String> => Array<Text>,
        replayed: &'a [Uuid] => Array<SqlUuid>,
    }
    -> (SqlUuid,);
    "INSERT INTO webhooks AS known (received_at, id, source, provider, account, dedup_key, body_sha256, native_type, \
         order_id, state, verdict, reason, attempts, correlation_id, trace_id, committed_at, processing_ms, due_at, \
         last_error, body, body_encoding, headers) \
     SELECT received_at, id, source, provider, account, dedup_key, body_sha256, native_type, \
         order_id, state, verdict, reason, attempts, correlation_id, trace_id, committed_at, processing_ms, due_at, \
         last_error, body, body_encoding, headers::jsonb \
     FROM UNNEST($, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $, $) \
         AS new(received_at, id, source, provider, account, dedup_key, body_sha256, native_type, \
         order_id, state, verdict, reason, attempts, correlation_id, trace_id, committed_at, processing_ms, due_at, \
         last_error, body, body_encoding, headers) \
     ORDER BY received_at, id \
     ON CONFLICT (received_at, id) DO UPDATE SET order_id = EXCLUDED.order_id, state = EXCLUDED.state, \
         verdict = EXCLUDED.verdict, reason = EXCLUDED.reason, attempts = EXCLUDED.attempts, \
         trace_id = EXCLUDED.trace_id, committed_at = EXCLUDED.committed_at, \
         processing_ms = EXCLUDED.processing_ms, due_at = EXCLUDED.due_at, last_error = EXCLUDED.last_error \
     WHERE known.state = 'retrying' OR known.verdict = 'dead' AND known.id = ANY($) \
     RETURNING known.id"
}

/// Writes rows: new ones, over retrying ones, and over dead ones that are `replayed`. Returns the ids that were written;
/// the others had a final verdict already.
pub(in crate::storage) async fn write(
    mut conn: &AsyncPgConnection,
    rows: &[LogRow<'_>],
    replayed: &[Uuid],
) -> QueryResult<HashSet<Uuid>> {
    let written: Vec<(Uuid,)> = columns(rows, replayed).load(&mut conn).await?;
    Ok(written.into_iter().map(|(id,)| id).collect())
}

fn columns<'a>(rows: &'a [LogRow<'_>], replayed: &'a [Uuid]) -> Write<'a> {
    let event = |row: &'a LogRow<'_>| &row.envelope.event;
    Write {
        received_at: column(rows, |row| row.envelope.received_at.to_datetime()),
        id: column(rows, |row| event(row).webhook_id),
        source: column(rows, |row| storable(&event(row).source)),
        provider: column(rows, |row| storable(&event(row).provider)),
        account: column(rows, |row| event(row).account.as_deref().map(storable)),
        dedup_key: column(rows, |row| storable(&event(row).dedup_key)),
        body_sha256: column(rows, |row| event(row).body_sha256.as_slice()),
        native_type: column(rows, |row| storable(&event(row).native_type)),
        order_id: column(rows, |row| row.ended.order_id()),
        state: column(rows, |row| row.ended.state()),
        verdict: column(rows, |row| row.ended.verdict().map(Verdict::as_str)),
        reason: column(rows, |row| row.ended.reason().map(storable)),
        attempts: column(rows, |row| i16::try_from(row.attempts).unwrap_or(i16::MAX)),
        correlation_id: column(rows, |row| storable(&row.envelope.correlation_id)),
        trace_id: column(rows, |row| row.trace_id.map(storable)),
        committed_at: column(rows, |row| row.ended.at().map(Timestamp::to_datetime)),
        processing_ms: column(rows, |row| row.ended.at().map(|at| took_ms(row, at))),
        due_at: column(rows, |row| row.ended.due_at().map(Timestamp::to_datetime)),
        last_error: column(rows, |row| row.ended.error().map(storable)),
        body: column(rows, |row| row.envelope.body.as_slice()),
        body_encoding: column(rows, |row| encoding(&row.envelope.body)),
        headers: column(rows, |row| storable_json(&row.envelope.headers)),
        replayed,
    }
}

/// From the socket to the commit. Two machines' clocks may differ, so it is never less than nothing.
fn took_ms(row: &LogRow<'_>, at: Timestamp) -> i64 {
    (at.micros() - row.envelope.received_at.micros()).max(0) / 1_000
}

/// How the body is shown; it is stored as it came.
fn encoding(body: &[u8]) -> &'static str {
    if std::str::from_utf8(body).is_ok() { "utf8" } else { "base64" }
}

impl Ended {
    fn state(&self) -> &'static str {
        match self {
            Self::Retrying { .. } => "retrying",
            Self::Final { .. } => "final",
        }
    }

    fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Retrying { .. } => None,
            Self::Final { verdict, .. } => Some(*verdict),
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Retrying { .. } => None,
            Self::Final { reason, .. } => Some(reason),
        }
    }

    fn order_id(&self) -> Option<Uuid> {
        match self {
            Self::Retrying { .. } => None,
            Self::Final { order_id, .. } => *order_id,
        }
    }

    fn error(&self) -> Option<&str> {
        match self {
            Self::Retrying { error, .. } => Some(error),
            Self::Final { error, .. } => error.as_deref(),
        }
    }

    fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Retrying { .. } => None,
            Self::Final { at, .. } => Some(*at),
        }
    }

    fn due_at(&self) -> Option<Timestamp> {
        match self {
            Self::Retrying { due_at, .. } => Some(*due_at),
            Self::Final { .. } => None,
        }
    }
}
