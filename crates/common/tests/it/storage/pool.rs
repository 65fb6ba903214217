//! Connections: what they become, and what is said when they cannot.

use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::RunQueryDsl as _;
use waybill_common::config::Database;
use waybill_common::storage::pool;
use waybill_test_support::TestDatabase;

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = sql_types::Text)]
    value: String,
}

#[tokio::test]
async fn a_connection_has_the_least_role_limits_every_wait_and_compiles_no_plan()
-> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let settings = Database { url: database.url().into(), ..Database::default() };
    let pool = pool::connect(&settings, 1)?;
    let mut conn = pool.get().await?;
    for (setting, expected) in [
        ("role", "waybill_app"),
        ("statement_timeout", "5s"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("synchronous_commit", "on"),
        ("jit", "off"),
    ] {
        let told: Told = sql_query("SELECT current_setting($1) AS value")
            .bind::<sql_types::Text, _>(setting)
            .get_result(&mut conn)
            .await?;
        assert_eq!(told.value, expected, "{setting}");
    }
    Ok(())
}

#[track_caller]
fn check_told(error: &pool::PoolError, expected: &[&str]) {
    let text = error.to_string();
    assert!(expected.iter().all(|part| text.contains(part)), "{text}");
}

#[tokio::test]
async fn a_missing_role_and_a_missing_schema_name_the_cure() -> anyhow::Result<()> {
    let database = TestDatabase::empty().await?;
    let pool = pool::connect(database.settings(), 1)?;
    check_told(&pool.get().await.err().unwrap(), &["schema is empty", "waybill migrate"]);

    let settings = Database { role: "nobody_\"here".into(), ..database.settings().clone() };
    let pool = pool::connect(&settings, 1)?;
    check_told(&pool.get().await.err().unwrap(), &["nobody_\"here", "waybill migrate"]);
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_away_is_an_error_in_time_and_not_a_wait() {
    let settings =
        Database { url: "postgres://nobody@127.0.0.1:1/none".into(), ..Database::default() };
    let pool = pool::connect(&settings, 1).unwrap();
    check_told(&pool.get().await.err().unwrap(), &["could not connect"]);
}

#[test]
fn an_encryption_mode_that_does_not_exist_is_refused_by_name() {
    let settings = Database {
        url: "postgres://nobody@127.0.0.1/none?sslmode=maybe".into(),
        ..Database::default()
    };
    let error = pool::connect(&settings, 1).err().unwrap();
    assert!(error.to_string().contains("maybe"), "{error}");
}

#[tokio::test]
async fn an_encrypted_connection_wants_a_certificate_it_can_trust() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut settings = database.settings().clone();
    settings.url = format!("{}?sslmode=verify-full", database.url()).into();
    let pool = pool::connect(&settings, 1)?;
    // Either the server speaks no TLS, or its certificate is nobody's: both are refusals, never plain text.
    check_told(&pool.get().await.err().unwrap(), &["could not connect"]);
    Ok(())
}
