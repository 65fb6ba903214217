//! One installation per test: a database of its own, with orders in it, and the command line pointed at it.

use anyhow::Context as _;
use assert_cmd::Command;
use assert_cmd::assert::Assert;
use serde_json::Value;
use waybill_common::clock::Clock;
use waybill_common::domain::Timestamp;
use waybill_common::storage::commit::{Pending, commit};
use waybill_test_support::TestDatabase;
use waybill_test_support::webhooks::Sender;

pub(crate) struct Installation {
    pub(crate) database: TestDatabase,
    pub(crate) now: Timestamp,
}

impl Installation {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        Ok(Self { database: TestDatabase::new().await?, now: Clock::system().now() })
    }

    /// An order that was placed and paid, by the merchant's id.
    pub(crate) async fn paid_order(&self, external_id: &str) -> anyhow::Result<()> {
        let payments = Sender::payments(self.now);
        let mut conn = self.database.connection().await?;
        for status in ["placed", "paid"] {
            let envelope =
                payments.native(external_id, &format!("{external_id}-{status}"), status, 99_99)?;
            let pending = Pending {
                envelope,
                namespace: "default".to_owned(),
                attempts: 0,
                replayed: false,
                trace_id: None,
            };
            let committed = commit(&mut conn, &[pending], self.now).await?;
            anyhow::ensure!(committed.missed.is_empty(), "nobody else writes here");
        }
        Ok(())
    }

    pub(crate) fn waybill(&self, arguments: &[&str]) -> Assert {
        command(arguments)
            .env("DATABASE_URL", self.database.url())
            .env("WAYBILL__BROKER__PREFIX", self.prefix())
            .assert()
    }

    /// Before every exchange and queue; whoever declares them deletes them again.
    fn prefix(&self) -> String {
        format!("t.cli.{}", self.now.micros())
    }

    /// What it prints for programs, however it exits.
    pub(crate) fn json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let assert = self.waybill(&[arguments, &["--json"]].concat());
        let printed = &assert.get_output().stdout;
        serde_json::from_slice(printed)
            .with_context(|| String::from_utf8_lossy(printed).into_owned())
    }
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
    command.args(arguments).env_remove("WAYBILL_CONFIG");
    command
}
