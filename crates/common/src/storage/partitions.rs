//! The months of `webhooks`: made ahead, dropped when they are old and nothing in them waits.

use chrono::{Datelike as _, Months, NaiveDate};
use diesel::QueryResult;
use diesel::sql_types::{Array, Bool, Date, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};

use super::statement::statement;
use crate::domain::Timestamp;

/// Months beyond the current one that exist at any time. A worker that makes them daily can be away for so long.
pub const MONTHS_AHEAD: u32 = 3;

statement! {
    struct MakeMonths { months: Vec<NaiveDate> => Array<Date> }
    -> (Bool,);
    "SELECT waybill_make_webhooks_month(month) FROM UNNEST($) AS month ORDER BY month"
}

statement! {
    struct DropBefore { cut: chrono::DateTime<chrono::Utc> => Timestamptz }
    -> (Text,);
    "SELECT waybill_drop_webhooks_before($)"
}

/// Makes the partitions of last month, this month and the next [`MONTHS_AHEAD`]. Returns how many were new.
///
/// # Errors
/// As any statement; nothing is half made.
pub async fn make_ahead(conn: &mut AsyncPgConnection, now: Timestamp) -> QueryResult<usize> {
    let first = month_before(now.to_datetime().date_naive());
    let months = (0..=MONTHS_AHEAD + 1)
        .filter_map(|ahead| first.checked_add_months(Months::new(ahead)))
        .collect();
    let made: Vec<(bool,)> = MakeMonths { months }.load(conn).await?;
    Ok(made.iter().filter(|(new,)| *new).count())
}

fn month_before(day: NaiveDate) -> NaiveDate {
    let first = day.with_day(1).expect("every month has a first day");
    first.checked_sub_months(Months::new(1)).unwrap_or(first)
}

/// Drops the months that lie wholly before `cut` and hold nothing retrying or dead. Returns their names. What
/// deduplicates stays: `event_keys` is not by time.
///
/// # Errors
/// As any statement.
pub async fn drop_before(conn: &mut AsyncPgConnection, cut: Timestamp) -> QueryResult<Vec<String>> {
    let dropped: Vec<(String,)> = DropBefore { cut: cut.to_datetime() }.load(conn).await?;
    Ok(dropped.into_iter().map(|(name,)| name).collect())
}
