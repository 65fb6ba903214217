//! What happened lately, for the overview: read from the newest part of the log, never from all of it.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{Array, BigInt, Double, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};

use super::statement::statement;
use crate::domain::Timestamp;

/// One source within the span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceCount {
    pub source: String,
    pub received: i64,
    pub dead: i64,
    pub last_received_at: DateTime<Utc>,
}

/// What happened within a span of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recent {
    /// By verdict; `retrying` for those without.
    pub verdicts: Vec<(String, i64)>,
    pub sources: Vec<SourceCount>,
    /// From receipt to commit, in milliseconds, at the median and at the 99th percentile.
    pub latency_p50_ms: Option<f64>,
    pub latency_p99_ms: Option<f64>,
}

/// What waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    pub retrying: i64,
    /// When the retry that waits longest is, or was, due.
    pub oldest_due_at: Option<DateTime<Utc>>,
    /// Dead letters that nobody has replayed.
    pub dead: i64,
}

statement! {
    struct Verdicts { from: DateTime<Utc> => Timestamptz, to: DateTime<Utc> => Timestamptz }
    -> (Text, BigInt);
    "SELECT COALESCE(verdict, 'retrying'), count(*) FROM webhooks WHERE received_at >= $ AND received_at <= $ \
     GROUP BY 1 ORDER BY 1"
}

statement! {
    struct Sources { from: DateTime<Utc> => Timestamptz, to: DateTime<Utc> => Timestamptz }
    -> (Text, BigInt, BigInt, Timestamptz);
    "SELECT source, count(*), count(*) FILTER (WHERE verdict = 'dead'), max(received_at) FROM webhooks \
     WHERE received_at >= $ AND received_at <= $ GROUP BY source ORDER BY source"
}

statement! {
    struct Latency { from: DateTime<Utc> => Timestamptz, to: DateTime<Utc> => Timestamptz }
    -> (Nullable<Array<Double>>,);
    "SELECT percentile_disc(ARRAY[0.5, 0.99]) WITHIN GROUP \
         (ORDER BY (extract(epoch FROM committed_at - received_at) * 1000)::float8) \
     FROM webhooks WHERE received_at >= $ AND received_at <= $ AND committed_at IS NOT NULL"
}

statement! {
    struct WaitingNow {}
    -> (BigInt, Nullable<Timestamptz>, BigInt);
    "SELECT (SELECT count(*) FROM webhooks WHERE state = 'retrying'), \
            (SELECT min(due_at) FROM webhooks WHERE state = 'retrying'), \
            (SELECT count(*) FROM dead_letters WHERE replay_state = 'none')"
}

statement! {
    struct Accepted { from: DateTime<Utc> => Timestamptz }
    -> (Nullable<BigInt>,);
    "SELECT sum(accepted + recovered)::bigint FROM accepted_counts WHERE minute >= $"
}

statement! {
    struct LastAccepted<'a> { sources: Vec<&'a str> => Array<Text> }
    -> (Text, Timestamptz);
    "SELECT asked.source, last.minute FROM UNNEST($) AS asked(source) CROSS JOIN LATERAL \
         (SELECT minute FROM accepted_counts counted WHERE counted.source = asked.source \
          ORDER BY minute DESC LIMIT 1) AS last"
}

/// How many events ingest accepted in that minute and since, as far as it has reported; absent: it reported nothing.
///
/// # Errors
/// As any query.
pub async fn accepted(conn: &mut AsyncPgConnection, from: Timestamp) -> QueryResult<Option<i64>> {
    let rows: Vec<(Option<i64>,)> = Accepted { from: from.to_datetime() }.load(conn).await?;
    Ok(rows.into_iter().next().and_then(|(sum,)| sum))
}

/// The last minute in which each of these sources was heard of; one that never was is absent.
///
/// # Errors
/// As any query.
pub async fn last_accepted(
    conn: &mut AsyncPgConnection,
    sources: &[&str],
) -> QueryResult<Vec<(String, DateTime<Utc>)>> {
    LastAccepted { sources: sources.to_vec() }.load(conn).await
}

/// What was received from then until now.
///
/// # Errors
/// As any query.
pub async fn recent(
    conn: &mut AsyncPgConnection,
    from: Timestamp,
    to: Timestamp,
) -> QueryResult<Recent> {
    type Source = (String, i64, i64, DateTime<Utc>);
    let (from, to) = (from.to_datetime(), to.to_datetime());
    let verdicts: Vec<(String, i64)> = Verdicts { from, to }.load(conn).await?;
    let sources: Vec<Source> = Sources { from, to }.load(conn).await?;
    let latency: Vec<(Option<Vec<f64>>,)> = Latency { from, to }.load(conn).await?;
    let latency = latency
        .into_iter()
        .next()
        .and_then(|(values,)| values)
        .unwrap_or_default();
    let count = |(source, received, dead, last_received_at)| SourceCount {
        source,
        received,
        dead,
        last_received_at,
    };
    Ok(Recent {
        verdicts,
        sources: sources.into_iter().map(count).collect(),
        latency_p50_ms: latency.iter().copied().next(),
        latency_p99_ms: latency.iter().copied().nth(1),
    })
}

/// What waits at this moment.
///
/// # Errors
/// As any query.
pub async fn waiting(conn: &mut AsyncPgConnection) -> QueryResult<Waiting> {
    let rows: Vec<(i64, Option<DateTime<Utc>>, i64)> = WaitingNow {}.load(conn).await?;
    let (retrying, oldest_due_at, dead) = rows.into_iter().next().unwrap_or_default();
    Ok(Waiting { retrying, oldest_due_at, dead })
}
