//! Migrations: safe to run twice at once, and back.

use std::collections::BTreeMap;

use diesel::migration::{Migration, MigrationSource as _};
use diesel::pg::Pg;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::MigrationHarness as _;
use waybill_common::storage::migrate::{MIGRATIONS, applied, newest};
use waybill_common::storage::{self};
use waybill_test_support::TestDatabase;

#[tokio::test]
async fn two_that_migrate_one_database_at_once_both_succeed() -> anyhow::Result<()> {
    let database = TestDatabase::empty().await?;
    let (one, other) =
        tokio::join!(storage::migrate(database.settings()), storage::migrate(database.settings()),);
    let ran = [one?.len(), other?.len()];
    assert!(ran.contains(&0), "one found nothing to do: {ran:?}");
    assert!(ran.iter().any(|&count| count > 0));
    assert_eq!(applied(&mut database.owner().await?).await?, Some(newest()));
    Ok(())
}

#[tokio::test]
async fn two_databases_of_one_cluster_are_migrated_at_once() -> anyhow::Result<()> {
    let (one, other) = (TestDatabase::empty().await?, TestDatabase::empty().await?);
    let (first, second) =
        tokio::join!(storage::migrate(one.settings()), storage::migrate(other.settings()));
    assert_eq!(first?, second?);
    Ok(())
}

/// Two of one version would be one to the table of those that have run: the other would never run.
#[test]
fn every_migration_has_a_version_of_its_own() {
    let migrations: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations().unwrap();
    let mut names = BTreeMap::<String, Vec<String>>::new();
    for migration in &migrations {
        let name = migration.name();
        let known = names.entry(name.version().to_string()).or_default();
        known.push(name.to_string());
    }
    names.retain(|_, names| names.len() > 1);
    assert_eq!(names, BTreeMap::new());
    let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations"));
    assert_eq!(migrations.len(), folders.unwrap().count(), "all are embedded");
}

#[tokio::test]
async fn every_migration_can_be_undone_and_done_again() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let conn = database.owner().await?;
    let (undone, done) = tokio::task::spawn_blocking(move || {
        let mut conn = AsyncConnectionWrapper::<AsyncPgConnection>::from(conn);
        let undone = conn.revert_all_migrations(MIGRATIONS)?.len();
        let done = conn.run_pending_migrations(MIGRATIONS)?.len();
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((undone, done))
    })
    .await?
    .map_err(|error| anyhow::anyhow!("{error}"))?;
    assert_eq!(undone, done);
    assert!(done > 0);
    Ok(())
}
