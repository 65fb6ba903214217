//! Whether everything that was accepted is accounted for.
//!
//! Per source and minute of receipt: accepted + recovered = applied + `no_change` + duplicate + conflict + ignored + dead +
//! retrying + in flight. What ingest accepted is told by `accepted_counts`, what became of it by `webhooks`. The rest is in
//! flight while it is young, and unaccounted for once it is older than all retries take together.
//!
//! More accounted for than accepted is a `surplus` and no loss: a replica that was killed had not yet reported its last
//! seconds, or a publish was stored by the broker although its confirm never came and its sender was told 503. It is shown
//! so that it is not taken for the contrary; minutes are balanced one by one, so that a surplus of one never hides what
//! another one lacks.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{BigInt, Double, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};

use super::statement::statement;
use crate::domain::Timestamp;

const MINUTE_MICROS: i64 = 60_000_000;

/// What is asked. Times are cut to whole minutes.
#[derive(Clone, Debug)]
pub struct Window {
    pub from: Timestamp,
    /// Not part of it.
    pub to: Timestamp,
    /// Balances are for so many minutes each, counted from `from`; as many as the window has give one for each source.
    pub minutes: u32,
    /// What was received before that time and is missing counts as unaccounted for: now, less all retry delays.
    pub overdue_before: Timestamp,
}

/// What is told at once, and from where on.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The last balance that was told: its start and source.
    pub after: Option<(Timestamp, String)>,
    pub limit: i64,
}

/// One source's events that were received within a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    pub source: String,
    /// When the span begins.
    pub start: Timestamp,
    /// Answered with 202.
    pub accepted: i64,
    /// Confirmed after their sender was told 503.
    pub recovered: i64,
    pub applied: i64,
    pub no_change: i64,
    pub duplicate: i64,
    pub conflict: i64,
    pub ignored: i64,
    pub dead: i64,
    pub retrying: i64,
    /// Missing, and young enough to be on their way.
    pub in_flight: i64,
    /// Missing for longer than all retries take.
    pub unaccounted: i64,
    /// Accounted for, but not reported as accepted.
    pub surplus: i64,
}

statement! {
    struct Balances<'a> {
        overdue_before: DateTime<Utc> => Timestamptz,
        counted_from: DateTime<Utc> => Timestamptz,
        counted_to: DateTime<Utc> => Timestamptz,
        logged_from: DateTime<Utc> => Timestamptz,
        logged_to: DateTime<Utc> => Timestamptz,
        span_seconds: f64 => Double,
        origin: DateTime<Utc> => Timestamptz,
        after_start: DateTime<Utc> => Timestamptz,
        after_source: &'a str => Text,
        limit: i64 => BigInt,
    }
    -> (Begun, Told, Verdicts, Rest);
    "WITH told AS ( \
         SELECT source, minute, sum(accepted) AS accepted, sum(recovered) AS recovered, \
             sum(applied) AS applied, sum(no_change) AS no_change, sum(duplicate) AS duplicate, \
             sum(conflict) AS conflict, sum(ignored) AS ignored, sum(dead) AS dead, sum(retrying) AS retrying, \
             sum(accepted + recovered) - sum(accounted) AS missing, minute < $ AS overdue \
         FROM ( \
             SELECT source, minute, accepted, recovered, 0 AS applied, 0 AS no_change, 0 AS duplicate, \
                 0 AS conflict, 0 AS ignored, 0 AS dead, 0 AS retrying, 0 AS accounted \
             FROM accepted_counts WHERE minute >= $ AND minute < $ \
             UNION ALL \
             SELECT source, date_trunc('minute', received_at, 'UTC'), 0, 0, count(*) FILTER (WHERE verdict = 'applied'), \
                 count(*) FILTER (WHERE verdict = 'no_change'), count(*) FILTER (WHERE verdict = 'duplicate'), \
                 count(*) FILTER (WHERE verdict = 'conflict'), count(*) FILTER (WHERE verdict = 'ignored'), \
                 count(*) FILTER (WHERE verdict = 'dead'), count(*) FILTER (WHERE state = 'retrying'), count(*) \
             FROM webhooks WHERE received_at >= $ AND received_at < $ GROUP BY 1, 2 \
         ) AS both_sides GROUP BY source, minute) \
     SELECT source, start, accepted, recovered, applied, no_change, duplicate, conflict, ignored, dead, retrying, \
         in_flight, unaccounted, surplus \
     FROM ( \
         SELECT source, date_bin(make_interval(secs => $), minute, $) AS start, \
             sum(accepted)::bigint AS accepted, sum(recovered)::bigint AS recovered, sum(applied)::bigint AS applied, \
             sum(no_change)::bigint AS no_change, sum(duplicate)::bigint AS duplicate, \
             sum(conflict)::bigint AS conflict, sum(ignored)::bigint AS ignored, sum(dead)::bigint AS dead, \
             sum(retrying)::bigint AS retrying, \
             sum(CASE WHEN overdue THEN 0 ELSE GREATEST(missing, 0) END)::bigint AS in_flight, \
             sum(CASE WHEN overdue THEN GREATEST(missing, 0) ELSE 0 END)::bigint AS unaccounted, \
             sum(GREATEST(-missing, 0))::bigint AS surplus \
         FROM told GROUP BY 1, 2) AS balances \
     WHERE (start, source) > ($, $) ORDER BY start, source LIMIT $"
}

type Begun = (Text, Timestamptz);
type Told = (BigInt, BigInt);
type Verdicts = (BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt);
type Rest = (BigInt, BigInt, BigInt);

type Row =
    ((String, DateTime<Utc>), (i64, i64), (i64, i64, i64, i64, i64, i64, i64), (i64, i64, i64));

/// The balances of a window, by start and source. It reads the window's part of the log: an hour is quick, a month is not.
///
/// # Errors
/// As any query.
pub async fn reconciliation(
    conn: &mut AsyncPgConnection,
    window: &Window,
    page: &Page,
) -> QueryResult<Vec<Balance>> {
    let (origin, to) = (whole(window.from), whole(window.to));
    let span = i64::from(window.minutes.max(1)) * MINUTE_MICROS;
    let first = page.after.as_ref().map_or(origin, |(start, _)| *start);
    let from = first.max(origin).to_datetime();
    let asked = Balances {
        overdue_before: whole(window.overdue_before).to_datetime(),
        counted_from: from,
        counted_to: to.to_datetime(),
        logged_from: from,
        logged_to: to.to_datetime(),
        span_seconds: seconds(span),
        origin: origin.to_datetime(),
        after_start: first.to_datetime(),
        after_source: page.after.as_ref().map_or("", |(_, source)| source),
        limit: page.limit,
    };
    let rows: Vec<Row> = asked.load(conn).await?;
    Ok(rows.into_iter().map(balance).collect())
}

/// The minute's beginning.
fn whole(time: Timestamp) -> Timestamp {
    Timestamp::from_micros_saturating(time.micros() - time.micros().rem_euclid(MINUTE_MICROS))
}

/// As `make_interval` wants them; minutes that fit 32 bits are exact.
fn seconds(micros: i64) -> f64 {
    std::time::Duration::from_micros(micros.unsigned_abs()).as_secs_f64()
}

fn balance(((source, start), told, verdicts, rest): Row) -> Balance {
    let (accepted, recovered) = told;
    let (applied, no_change, duplicate, conflict, ignored, dead, retrying) = verdicts;
    let (in_flight, unaccounted, surplus) = rest;
    Balance {
        source,
        start: Timestamp::saturating(start),
        accepted,
        recovered,
        applied,
        no_change,
        duplicate,
        conflict,
        ignored,
        dead,
        retrying,
        in_flight,
        unaccounted,
        surplus,
    }
}
