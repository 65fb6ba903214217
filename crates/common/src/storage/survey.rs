//! The database as a whole: how it is set, and about how much is in it.

use diesel::{QueryResult, QueryableByName, sql_query, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};

/// How the server and the schema are set.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Condition {
    #[diesel(sql_type = sql_types::Text)]
    pub server_version: String,
    /// The role whose rights are in force.
    #[diesel(sql_type = sql_types::Text)]
    pub role: String,
    /// `on`, or a commit that was confirmed can be lost.
    #[diesel(sql_type = sql_types::Text)]
    pub fsync: String,
    #[diesel(sql_type = sql_types::Text)]
    pub full_page_writes: String,
    #[diesel(sql_type = sql_types::Text)]
    pub synchronous_commit: String,
    /// Months of `webhooks` that have a partition of their own.
    #[diesel(sql_type = sql_types::BigInt)]
    pub months: i64,
    /// Whether rows fell into the default partition, because their month had none.
    #[diesel(sql_type = sql_types::Bool)]
    pub default_is_used: bool,
}

#[derive(QueryableByName)]
struct Estimate {
    #[diesel(sql_type = sql_types::BigInt)]
    rows: i64,
}

/// # Errors
/// As any query.
pub async fn condition(conn: &mut AsyncPgConnection) -> QueryResult<Condition> {
    let query = "SELECT current_setting('server_version') AS server_version, current_user::text AS role, \
                 current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes, \
                 current_setting('synchronous_commit') AS synchronous_commit, \
                 (SELECT count(*) FROM pg_inherits WHERE inhparent = 'webhooks'::regclass \
                  AND inhrelid <> 'webhooks_default'::regclass) AS months, \
                 EXISTS (SELECT FROM webhooks_default) AS default_is_used";
    sql_query(query).get_result(conn).await
}

/// About how many orders there are, by the planner's statistics: for progress bars.
///
/// # Errors
/// As any query.
pub async fn orders(conn: &mut AsyncPgConnection) -> QueryResult<u64> {
    let query = "SELECT GREATEST(reltuples, 0)::bigint AS rows FROM pg_class WHERE oid = 'orders'::regclass";
    let estimate: Estimate = sql_query(query).get_result(conn).await?;
    Ok(u64::try_from(estimate.rows).unwrap_or_default())
}
