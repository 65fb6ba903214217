//! `queue_looks`: how much waits in the broker, told by workers to whoever reaches the database alone. Needed for nothing but
//! to be shown.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::sql_types::{Array, BigInt, Integer, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use super::statement::{column, statement};
use crate::domain::Timestamp;

/// How often workers tell.
pub const TELL_EVERY: Duration = Duration::from_secs(2);
/// A look that is older than the newest by so much is of a worker, or of a shard, that is gone.
const COUNTS_FOR: TimeDelta = TimeDelta::seconds(10);
/// The last looks stay, so that it shows since when nobody has told.
const KEPT_FOR: TimeDelta = TimeDelta::hours(1);

statement! {
    struct Tell {
        kept_from: DateTime<Utc> => Timestamptz,
        own: Uuid => SqlUuid,
        worker: Uuid => SqlUuid,
        oldest_age_ms: i64 => BigInt,
        seen_at: DateTime<Utc> => Timestamptz,
        shard: Vec<i32> => Array<Integer>,
        ready: Vec<i64> => Array<BigInt>,
    }
    -> ();
    "WITH gone AS (DELETE FROM queue_looks WHERE seen_at < $ AND worker <> $) \
     INSERT INTO queue_looks (worker, oldest_age_ms, seen_at, shard, ready) \
     SELECT $, $, $, shard, ready FROM UNNEST($, $) AS seen(shard, ready) ORDER BY shard \
     ON CONFLICT (worker, shard) DO UPDATE \
         SET ready = EXCLUDED.ready, oldest_age_ms = EXCLUDED.oldest_age_ms, seen_at = EXCLUDED.seen_at"
}

statement! {
    struct Looks {}
    -> (Integer, BigInt, BigInt, Timestamptz);
    "SELECT shard, ready, oldest_age_ms, seen_at FROM queue_looks ORDER BY worker, shard"
}

/// What a worker sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// One life of one process.
    pub worker: Uuid,
    /// Messages that no worker holds, by shard.
    pub ready: Vec<(u16, u32)>,
    /// Of the oldest message in its hand; zero where there is none.
    pub oldest_age: Duration,
    pub seen_at: Timestamp,
}

/// What workers saw together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Messages that no worker holds, over all shards.
    pub ready: u64,
    /// Of the oldest message in a worker's hand.
    pub oldest_age: Duration,
    /// When the newest of them looked.
    pub at: DateTime<Utc>,
}

/// Tells what a worker sees, in the place of what it has told before.
///
/// # Errors
/// As any statement; nobody needs to know, it is then told the next time.
pub async fn tell(conn: &mut AsyncPgConnection, look: &Look) -> QueryResult<()> {
    let seen_at = look.seen_at.to_datetime();
    let tell = Tell {
        kept_from: seen_at - KEPT_FOR,
        own: look.worker,
        worker: look.worker,
        oldest_age_ms: i64::try_from(look.oldest_age.as_millis()).unwrap_or(i64::MAX),
        seen_at,
        shard: column(&look.ready, |(shard, _)| i32::from(*shard)),
        ready: column(&look.ready, |(_, ready)| i64::from(*ready)),
    };
    tell.execute(conn).await?;
    Ok(())
}

/// What the workers that run see, or the last ones that ran; absent: none has ever told.
///
/// # Errors
/// As any query.
pub async fn seen(conn: &mut AsyncPgConnection) -> QueryResult<Option<Seen>> {
    type Row = (i32, i64, i64, DateTime<Utc>);
    let looks: Vec<Row> = Looks {}.load(conn).await?;
    let newest = looks.iter().map(|(.., seen_at)| *seen_at).max();
    let Some(at) = newest else { return Ok(None) };
    let (mut shards, mut oldest_age_ms) = (BTreeMap::new(), 0);
    for (shard, ready, age_ms, seen_at) in looks {
        if at - seen_at >= COUNTS_FOR {
            continue;
        }
        // All workers see the same; the newest look is the truest.
        let newest = shards.entry(shard).or_insert((seen_at, ready));
        *newest = (*newest).max((seen_at, ready));
        oldest_age_ms = oldest_age_ms.max(age_ms);
    }
    let ready = shards.into_values().map(|(_, ready)| ready.unsigned_abs());
    let oldest_age = Duration::from_millis(oldest_age_ms.unsigned_abs());
    Ok(Some(Seen { ready: ready.sum(), oldest_age, at }))
}
