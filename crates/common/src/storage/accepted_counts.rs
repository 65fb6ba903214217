//! `accepted_counts`: how much each replica of ingest accepted, by source and minute.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};

use super::statement::{column, statement};
use super::text::storable;
use crate::domain::Timestamp;
use crate::domain::counts::Count;

statement! {
    struct Report<'a> {
        source: Vec<std::borrow::Cow<'a, str>> => Array<Text>,
        minute: Vec<DateTime<Utc>> => Array<Timestamptz>,
        replica: Vec<std::borrow::Cow<'a, str>> => Array<Text>,
        accepted: Vec<i64> => Array<BigInt>,
        recovered: Vec<i64> => Array<BigInt>,
    }
    -> ();
    "INSERT INTO accepted_counts AS known (source, minute, replica, accepted, recovered) \
     SELECT source, date_trunc('minute', minute, 'UTC'), replica, max(accepted), max(recovered) \
     FROM UNNEST($, $, $, $, $) AS told(source, minute, replica, accepted, recovered) \
     GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 \
     ON CONFLICT (source, minute, replica) DO UPDATE \
         SET accepted = GREATEST(known.accepted, EXCLUDED.accepted), \
             recovered = GREATEST(known.recovered, EXCLUDED.recovered)"
}

/// Takes what replicas report. A report tells all that a replica has accepted in a minute so far, so that it may come
/// twice, late or not at all where a later one comes.
///
/// # Errors
/// As any statement; nothing is half written.
pub async fn report(
    conn: &mut AsyncPgConnection,
    replica: &str,
    counts: &[Count],
) -> QueryResult<()> {
    if counts.is_empty() {
        return Ok(());
    }
    let told = Report {
        source: column(counts, |count| storable(&count.source)),
        minute: column(counts, |count| Timestamp::to_datetime(count.minute)),
        replica: column(counts, |_| storable(replica)),
        accepted: column(counts, |count| whole(count.accepted)),
        recovered: column(counts, |count| whole(count.recovered)),
    };
    told.execute(conn).await?;
    Ok(())
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
