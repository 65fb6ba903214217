//! `secret_uses`: what the secrets of sources have verified, as replicas of ingest report it.
//!
//! A secret is called by its place, and what stands in a place may change. A replica knows when: it begins anew with a
//! secret that is new to it. What replicas that run tell is therefore said of the secrets as they are now; of those that
//! are gone no more is known than when the place was last used.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::sql_types::{Array, BigInt, Nullable, SmallInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};

use super::statement::{column, statement, unreadable};
use super::text::storable;
use crate::domain::Timestamp;
use crate::domain::counts::{SecretKind, SecretUse};

/// Whoever has told nothing for so long has stopped: a few tellings.
const RUNS_FOR: TimeDelta = TimeDelta::minutes(3);
/// What a replica that is gone has told counts for so long: older uses were of another secret, most likely.
const REMEMBERED_FOR: TimeDelta = TimeDelta::days(30);
/// So long after its last word a replica keeps rows of its own.
const KEPT_FOR: TimeDelta = TimeDelta::days(1);

statement! {
    struct Told<'a> {
        replica: Cow<'a, str> => Text,
        source: Vec<Cow<'a, str>> => Array<Text>,
        kind: Vec<&'a str> => Array<Text>,
        position: Vec<i16> => Array<SmallInt>,
        since: Vec<DateTime<Utc>> => Array<Timestamptz>,
        used: Vec<i64> => Array<BigInt>,
        last_used_at: Vec<Option<DateTime<Utc>>> => Array<Nullable<Timestamptz>>,
        told_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
    }
    -> ();
    "INSERT INTO secret_uses AS known (replica, source, kind, position, since, used, last_used_at, told_at) \
     SELECT DISTINCT ON (source, kind, position) $, source, kind, position, since, used, last_used_at, told_at \
     FROM UNNEST($, $, $, $, $, $, $) AS told(source, kind, position, since, used, last_used_at, told_at) \
     ORDER BY source, kind, position, told_at DESC, used DESC \
     ON CONFLICT (source, kind, position, replica) DO UPDATE \
         SET since = EXCLUDED.since, used = EXCLUDED.used, last_used_at = EXCLUDED.last_used_at, \
             told_at = EXCLUDED.told_at \
         WHERE known.told_at <= EXCLUDED.told_at"
}

statement! {
    struct Uses { remembered_from: DateTime<Utc> => Timestamptz, runs_from: DateTime<Utc> => Timestamptz }
    -> (Text, Text, SmallInt, Nullable<Timestamptz>, BigInt, Nullable<Timestamptz>, Nullable<Timestamptz>);
    "SELECT source, kind, position, min(since) FILTER (WHERE runs), \
            COALESCE(sum(used) FILTER (WHERE runs), 0)::bigint, max(last_used_at) FILTER (WHERE runs), \
            max(last_used_at) FILTER (WHERE NOT runs AND last_used_at >= $) \
     FROM (SELECT *, replica <> '' AND told_at >= $ AS runs FROM secret_uses) AS told \
     GROUP BY source, kind, position ORDER BY source, kind, position"
}

statement! {
    struct Fold { before: DateTime<Utc> => Timestamptz }
    -> ();
    "WITH gone AS (DELETE FROM secret_uses WHERE replica <> '' AND told_at < $ RETURNING *) \
     INSERT INTO secret_uses AS known (source, kind, position, replica, since, used, last_used_at, told_at) \
     SELECT source, kind, position, '', min(since), sum(used)::bigint, max(last_used_at), max(told_at) \
     FROM gone GROUP BY source, kind, position ORDER BY source, kind, position \
     ON CONFLICT (source, kind, position, replica) DO UPDATE \
         SET since = LEAST(known.since, EXCLUDED.since), used = known.used + EXCLUDED.used, \
             last_used_at = GREATEST(known.last_used_at, EXCLUDED.last_used_at), \
             told_at = GREATEST(known.told_at, EXCLUDED.told_at)"
}

/// What is known of one secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    pub source: String,
    pub kind: SecretKind,
    /// Among those of its kind, counted from 0.
    pub position: u16,
    /// By the replicas that run; absent: none that has it.
    pub running: Option<Running>,
    /// When replicas that are gone last used what stood in its place then, within 30 days.
    pub used_before_at: Option<DateTime<Utc>>,
}

/// What the replicas that run have verified by a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// When the first of them first had it.
    pub since: DateTime<Utc>,
    /// Requests.
    pub used: i64,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Takes what a replica reports. What is older than what it has told already changes nothing.
///
/// # Errors
/// As any statement; nothing is half written.
pub async fn report(
    conn: &mut AsyncPgConnection,
    replica: &str,
    uses: &[SecretUse],
) -> QueryResult<()> {
    if uses.is_empty() {
        return Ok(());
    }
    let told = Told {
        replica: storable(replica),
        source: column(uses, |told| storable(&told.source)),
        kind: column(uses, |told| told.kind.as_str()),
        position: column(uses, |told| i16::try_from(told.position).unwrap_or(i16::MAX)),
        since: column(uses, |told| told.since.to_datetime()),
        used: column(uses, |told| i64::try_from(told.used).unwrap_or(i64::MAX)),
        last_used_at: column(uses, |told| told.last_used_at.map(Timestamp::to_datetime)),
        told_at: column(uses, |told| told.told_at.to_datetime()),
    };
    told.execute(conn).await?;
    Ok(())
}

type Time = Option<DateTime<Utc>>;
type Row = (String, String, i16, Time, i64, Time, Time);

/// What is known of every secret that was ever told of.
///
/// # Errors
/// As any query.
pub async fn uses(conn: &mut AsyncPgConnection, now: Timestamp) -> QueryResult<Vec<Use>> {
    let now = now.to_datetime();
    let asked = Uses { remembered_from: now - REMEMBERED_FOR, runs_from: now - RUNS_FOR };
    let rows: Vec<Row> = asked.load(conn).await?;
    rows.into_iter().map(read).collect()
}

fn read(
    (source, kind, position, since, used, last_used_at, used_before_at): Row,
) -> QueryResult<Use> {
    Ok(Use {
        source,
        kind: kind.parse().map_err(unreadable)?,
        position: position.try_into().map_err(unreadable)?,
        running: since.map(|since| Running { since, used, last_used_at }),
        used_before_at,
    })
}

/// Makes one row, per secret, of those of replicas that have long been silent.
///
/// # Errors
/// As any statement; nothing is half written.
pub async fn fold(conn: &mut AsyncPgConnection, now: Timestamp) -> QueryResult<()> {
    let before = now.to_datetime() - KEPT_FOR;
    Fold { before }.execute(conn).await?;
    Ok(())
}
