//! Commands that prepare and check an installation.

use waybill_test_support::TestDatabase;

use crate::support::{Installation, command};

const NOBODY: &str = "postgres://nobody@127.0.0.1:1/nothing";

#[tokio::test(flavor = "multi_thread")]
async fn migrating_twice_changes_nothing_the_second_time() -> anyhow::Result<()> {
    let empty = TestDatabase::empty().await?;
    let migrate = || {
        command(&["migrate", "--json"])
            .env("DATABASE_URL", empty.url())
            .assert()
            .success()
    };
    let first: serde_json::Value = serde_json::from_slice(&migrate().get_output().stdout)?;
    let second: serde_json::Value = serde_json::from_slice(&migrate().get_output().stdout)?;
    assert!(!first["ran"].as_array().unwrap().is_empty());
    assert_eq!(second["ran"], serde_json::json!([]));
    assert_eq!(first["version"], second["version"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_never_migrated_is_told_with_its_cure() -> anyhow::Result<()> {
    let empty = TestDatabase::empty().await?;
    let failed = command(&["verify"])
        .env("DATABASE_URL", empty.url())
        .assert()
        .code(2);
    let text = String::from_utf8(failed.get_output().stderr.clone())?;
    assert!(text.contains("waybill migrate"), "{text}");
    Ok(())
}

#[test]
fn a_database_that_does_not_answer_could_not_be_looked_at() {
    command(&["verify"])
        .env("DATABASE_URL", NOBODY)
        .assert()
        .code(2);
    command(&["migrate"])
        .env("DATABASE_URL", NOBODY)
        .assert()
        .code(2);
}

#[test]
fn a_wrong_configuration_is_told_and_not_used() {
    let problems = command(&["config", "check", "--json"])
        .env("WAYBILL__WORKER__LANES", "0")
        .assert()
        .code(1);
    let told: serde_json::Value = serde_json::from_slice(&problems.get_output().stdout).unwrap();
    assert_eq!(told["valid"], false);
    assert!(told["problems"].to_string().contains("worker.lanes"), "{told}");
    command(&["doctor"])
        .env("WAYBILL__WORKER__LANES", "0")
        .assert()
        .code(2);
}

#[test]
fn the_configuration_in_force_is_printed_without_secrets() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../waybill.example.toml");
    let printed = command(&["config", "print", "--config", example])
        .env("DATABASE_URL", "postgres://me:hunter2@db/waybill")
        .assert()
        .success();
    let text = String::from_utf8(printed.get_output().stdout.clone()).unwrap();
    assert!(text.contains("postgres://me:redacted@db/waybill"), "{text}");
    for secret in ["hunter2", "whsec_demo", "demo-token"] {
        assert!(!text.contains(secret), "{text}");
    }
    command(&["config", "check", "--config", example])
        .assert()
        .success();
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_is_not_well() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    let findings = installation.json(&["doctor"])?;
    let well = |subject: &str| {
        let finding = findings
            .as_array()
            .unwrap()
            .iter()
            .find(|finding| finding["subject"] == subject);
        finding.unwrap()["well"].clone()
    };
    // No file is given, so no source is configured.
    assert_eq!(well("sources"), false);
    assert_eq!(
        (well("database"), well("retries"), well("redis")),
        (true.into(), true.into(), true.into())
    );
    assert_eq!(well("broker"), true);
    installation.waybill(&["doctor"]).code(1);
    installation
        .waybill(&["topology", "delete", "--yes"])
        .success();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_topology_is_declared_and_deleted_but_never_by_mistake() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    let declared = installation.json(&["topology", "declare"])?;
    installation.waybill(&["topology", "delete"]).code(1);
    let deleted = installation.json(&["topology", "delete", "--yes"])?;
    assert_eq!((&declared["declared"], &deleted["declared"]), (&true.into(), &false.into()));
    assert_eq!(declared["queues"], deleted["queues"]);
    assert!(declared["queues"].to_string().contains(".work.v1.0"), "{declared}");
    Ok(())
}

#[test]
fn scenarios_are_listed_and_unknown_ones_refused() {
    let listed = command(&["send", "stripe", "--scenario", "list", "--json"])
        .assert()
        .success();
    let known: serde_json::Value = serde_json::from_slice(&listed.get_output().stdout).unwrap();
    assert!(known.as_array().unwrap().len() > 5, "{known}");

    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../waybill.example.toml");
    command(&["send", "stripe", "--scenario", "nonsense", "--config", example])
        .assert()
        .code(2);
    command(&["send", "nobody", "--config", example])
        .assert()
        .code(2);
}
