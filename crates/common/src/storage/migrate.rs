//! Bringing a database to the schema that this program was built with.

use diesel::migration::{Migration, MigrationSource as _};
use diesel::pg::Pg;
use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

use super::connection::{ConnectError, Target};
use super::partitions;
use crate::clock::Clock;
use crate::config;

/// Embedded at compile time; `build.rs` has the crate compiled again when one changes.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Whoever holds this advisory lock migrates; the others wait and then find nothing to do. "waybill" in ASCII.
const LOCK: i64 = 0x0077_6179_6269_6c6c;

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("could not reach the database to migrate it")]
    Connect(#[source] ConnectError),
    #[error("could not take the lock that lets one migrate at a time")]
    Lock(#[source] diesel::result::Error),
    #[error("a migration failed")]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("could not make partitions ahead")]
    Partitions(#[source] diesel::result::Error),
}

/// Runs what has not run yet, as whoever `migrate_url` (else `url`) connects as, and makes partitions ahead. Safe to run
/// twice at once, against one database or several of a cluster. Returns the versions that ran.
///
/// # Errors
/// Says which step failed; each migration is a transaction, so a failed one leaves nothing behind.
pub async fn migrate(settings: &config::Database) -> Result<Vec<String>, MigrateError> {
    let url = settings.migrate_url.as_ref().unwrap_or(&settings.url);
    let timeout = std::time::Duration::from_millis(settings.connect_timeout_ms);
    let target = Target::parse(url.expose(), timeout).map_err(MigrateError::Connect)?;
    let mut conn = target.connect().await.map_err(MigrateError::Connect)?;
    conn.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})"))
        .await
        .map_err(MigrateError::Lock)?;
    let (mut conn, ran) = run_pending(conn).await?;
    partitions::make_ahead(&mut conn, Clock::system().now())
        .await
        .map_err(MigrateError::Partitions)?;
    // The lock ends with the connection.
    Ok(ran)
}

/// diesel's harness blocks, so it has a thread of its own.
async fn run_pending(
    conn: AsyncPgConnection,
) -> Result<(AsyncPgConnection, Vec<String>), MigrateError> {
    let harness = move || {
        let mut conn = AsyncConnectionWrapper::<AsyncPgConnection>::from(conn);
        let ran = conn.run_pending_migrations(MIGRATIONS)?;
        let ran = ran.iter().map(ToString::to_string).collect();
        Ok((conn.into_inner(), ran))
    };
    tokio::task::spawn_blocking(harness)
        .await
        .map_err(|panicked| MigrateError::Migration(panicked.into()))?
        .map_err(MigrateError::Migration)
}

/// The version of the newest migration that this program knows.
///
/// # Panics
/// Never: the embedded migrations are there and have names.
#[must_use]
pub fn newest() -> String {
    let migrations: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS
        .migrations()
        .expect("embedded migrations can be listed");
    let versions = migrations
        .iter()
        .map(|migration| migration.name().version().to_string());
    versions.max().expect("there are migrations")
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    newest: Option<String>,
}

/// The newest migration that ran in the database; `None` in one that was never migrated.
///
/// # Errors
/// As any query.
pub async fn applied(conn: &mut AsyncPgConnection) -> diesel::QueryResult<Option<String>> {
    let present = "SELECT to_regclass('__diesel_schema_migrations')::text AS newest";
    let table: Applied = sql_query(present).get_result(conn).await?;
    if table.newest.is_none() {
        return Ok(None);
    }
    let newest = "SELECT max(version)::text AS newest FROM __diesel_schema_migrations";
    Ok(sql_query(newest).get_result::<Applied>(conn).await?.newest)
}

/// Refuses a database that is older than this program. A newer one is fine: migrations expand before they contract.
///
/// # Errors
/// `OldSchema`, or `Setup` where it could not be asked.
pub async fn require_schema(conn: &mut AsyncPgConnection) -> Result<(), ConnectError> {
    let found = applied(conn)
        .await
        .map_err(|error| ConnectError::Setup(error.to_string()))?;
    let needed = newest();
    match found {
        Some(found) if found >= needed => Ok(()),
        found => {
            let found = found.unwrap_or_else(|| "empty".to_owned());
            Err(ConnectError::OldSchema { found, needed })
        }
    }
}
