//! One installation per test: a database of its own, with orders in it, and the command line pointed at it.

use std::net::SocketAddr;
use std::process::Output;
use std::time::Duration;

use anyhow::Context as _;
use assert_cmd::Command;
use assert_cmd::assert::Assert;
use serde_json::Value;
use tokio::process::Child;
use uuid::Uuid;
use waybill_common::access::{Grant, Role, Scope, Secret};
use waybill_common::clock::Clock;
use waybill_common::config;
use waybill_common::domain::envelope::Envelope;
use waybill_common::domain::{Effect, Timestamp};
use waybill_common::id;
use waybill_common::signing::SigningKey;
use waybill_common::storage::access::{NewToken, create_token};
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::dead_letters::{Body, Burial, DeathReason, bury};
use waybill_common::storage::operator_actions::{self, Action};
use waybill_common::storage::place::Place;
use waybill_common::storage::replays::{self, Replay};
use waybill_common::telemetry::Scrape;
use waybill_console::Application;
use waybill_test_support::webhooks::Sender;
use waybill_test_support::{TestDatabase, eventually};

pub(crate) const SOON: Duration = Duration::from_secs(20);
const HOUR_MICROS: i64 = 3_600_000_000;
const SOURCES: &str = r#"
profile = "demo"
[sources.payments]
provider = "native"
tokens = ["test-token"]
default_currency = "EUR"
[sources.stripe]
provider = "stripe"
secrets = ["whsec_test"]
order_ref = "/metadata/order_id"
"#;

pub(crate) struct Installation {
    pub(crate) database: TestDatabase,
    pub(crate) now: Timestamp,
    /// Where its configuration is.
    folder: tempfile::TempDir,
}

impl Installation {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        let (database, folder) = (TestDatabase::new().await?, tempfile::tempdir()?);
        let key = folder.path().join("key.pem");
        std::fs::write(&key, SigningKey::generate().to_pem())?;
        let file = format!("{SOURCES}[console]\nexport_key_file = \"{}\"\n", key.display());
        std::fs::write(folder.path().join("waybill.toml"), file)?;
        Ok(Self { database, now: Clock::system().now(), folder })
    }

    /// Dead letters of that many orders, D-1, D-2, …, the first being the oldest: each would be paid.
    pub(crate) async fn dead(&self, orders: usize) -> anyhow::Result<Vec<Uuid>> {
        let payments = Sender::payments(self.now);
        let mut ids = Vec::new();
        for nth in 1..=orders {
            let order = format!("D-{nth}");
            let envelope = payments.native(&order, &format!("{order}-paid"), "paid", 99_99)?;
            ids.push(self.bury(envelope).await?);
        }
        Ok(ids)
    }

    /// Buries what an adapter of former days could not use. Today's can, if its body is good.
    pub(crate) async fn bury(&self, mut envelope: Envelope) -> anyhow::Result<Uuid> {
        let id = envelope.event.webhook_id;
        envelope.event.effect = Effect::Unusable { reason: "not understood then".into() };
        let pending = of(envelope);
        let burial = Burial {
            body: Body::Event(&pending),
            reason: DeathReason::Unusable,
            error: "not understood then".into(),
            attempts: 1,
        };
        let mut conn = self.database.connection().await?;
        let buried = bury(&mut conn, &[burial], self.now).await?;
        anyhow::ensure!(buried.len() == 1, "it is dead now");
        Ok(id)
    }

    /// The replay that was asked for last.
    pub(crate) async fn replay(&self) -> anyhow::Result<Replay> {
        let place = Place { from: None, backward: false, limit: 1 };
        let mut conn = self.database.connection().await?;
        let mut newest = replays::list(&mut conn, place).await?;
        newest.pop().context("nobody asked for one")
    }

    /// An order that was placed and paid, by the merchant's id.
    pub(crate) async fn paid_order(&self, external_id: &str) -> anyhow::Result<()> {
        let payments = Sender::payments(self.now);
        let mut conn = self.database.connection().await?;
        for status in ["placed", "paid"] {
            let envelope =
                payments.native(external_id, &format!("{external_id}-{status}"), status, 99_99)?;
            let committed = commit(&mut conn, &[of(envelope)], self.now).await?;
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

    /// The command line with a configuration, to be run as a process.
    pub(crate) fn process(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut process = tokio::process::Command::new(env!("CARGO_BIN_EXE_waybill"));
        process
            .args(arguments)
            .env_remove("WAYBILL_TOKEN")
            .env("WAYBILL_CONFIG", self.folder.path().join("waybill.toml"))
            .env("DATABASE_URL", self.database.url());
        process
    }

    /// A console on the same database, and a token for it.
    pub(crate) async fn console(&self, scopes: &[Scope]) -> anyhow::Result<Asker> {
        self.console_at(([127, 0, 0, 1], 0).into(), scopes).await
    }

    pub(crate) async fn console_at(
        &self,
        address: SocketAddr,
        scopes: &[Scope],
    ) -> anyhow::Result<Asker> {
        let mut config = config::from_toml(SOURCES)?;
        config.database = self.database.settings().clone();
        config.console.export_key = std::fs::read_to_string(self.folder.path().join("key.pem"))?
            .as_str()
            .into();
        config.console.listen = address;
        config.console.ops_listen = ([127, 0, 0, 1], 0).into();
        let application = Application::start(config, Clock::system(), Scrape::default())?;
        eventually(SOON, async || application.health.is_ready().then_some(()).ok_or("unready"))
            .await;
        let direct = self.process(&[]).into_std();
        let token = self.token(Role::Operator, scopes).await?;
        Ok(Asker { application, token, direct })
    }

    pub(crate) async fn token(&self, role: Role, scopes: &[Scope]) -> anyhow::Result<String> {
        let secret = Secret::new("wb_");
        let grant = Grant { role, scopes: scopes.iter().copied().collect() };
        let new = NewToken {
            id: id::at(self.now),
            name: "test",
            hash: secret.hash(),
            grant: &grant,
            created_by: "test",
            expires_at: Timestamp::from_micros_saturating(self.now.micros() + HOUR_MICROS),
        };
        let mut conn = self.database.connection().await?;
        create_token(&mut conn, &new, self.now).await?;
        Ok(secret.expose().to_owned())
    }

    /// What operators did, the last first.
    pub(crate) async fn actions(&self) -> anyhow::Result<Vec<Action>> {
        let place = Place { from: None, backward: false, limit: 100 };
        let mut conn = self.database.connection().await?;
        Ok(operator_actions::list(&mut conn, place).await?)
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

/// The command line on one installation, by either way.
pub(crate) struct Asker {
    application: Application,
    token: String,
    /// It, pointed at the database.
    direct: std::process::Command,
}

impl Asker {
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The same, for whoever presents this token.
    pub(crate) fn with_token(mut self, token: String) -> Self {
        self.token = token;
        self
    }

    fn url(&self) -> String {
        format!("http://{}", self.application.addr)
    }

    /// Where something answers that is no API.
    pub(crate) fn ops_url(&self) -> String {
        format!("http://{}", self.application.ops_addr)
    }

    /// For programs, from the database.
    pub(crate) fn directly(&self, arguments: &[&str]) -> Output {
        self.run(&[arguments, &["--json"]].concat(), None)
    }

    /// For programs, through the console.
    pub(crate) fn by_url(&self, arguments: &[&str]) -> Output {
        self.at(&self.url(), arguments)
    }

    pub(crate) fn at(&self, url: &str, arguments: &[&str]) -> Output {
        self.run(&[arguments, &["--json", "--url", url]].concat(), Some(&self.token))
    }

    /// For people.
    pub(crate) fn without_token(&self, arguments: &[&str]) -> Output {
        self.run(&[arguments, &["--url", &self.url()]].concat(), None)
    }

    pub(crate) fn process(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut process = tokio::process::Command::new(env!("CARGO_BIN_EXE_waybill"));
        process
            .args(arguments)
            .args(["--url", &self.url()])
            .env("WAYBILL_TOKEN", &self.token);
        process
    }

    fn run(&self, arguments: &[&str], token: Option<&str>) -> Output {
        let mut command = Command::new(self.direct.get_program());
        for (name, value) in self.direct.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(token) = token {
            command.env("WAYBILL_TOKEN", token);
        }
        command
            .args(arguments)
            .output()
            .expect("the command line was built")
    }

    /// What it prints directly, for programs.
    pub(crate) fn json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let printed = self.directly(arguments).stdout;
        serde_json::from_slice(&printed)
            .with_context(|| String::from_utf8_lossy(&printed).into_owned())
    }

    /// Stops the console. Returns where it listened.
    pub(crate) async fn stop(self) -> anyhow::Result<SocketAddr> {
        let address = self.application.addr;
        anyhow::ensure!(self.application.stop().await, "did not stop in time");
        Ok(address)
    }
}

fn of(envelope: Envelope) -> Pending {
    Pending {
        envelope,
        namespace: "default".to_owned(),
        attempts: 0,
        replayed: false,
        trace_id: None,
    }
}

/// Tells a process something, such as `INT`: what Ctrl-C tells it.
pub(crate) async fn signal(child: &Child, name: &str) -> anyhow::Result<()> {
    let process = child.id().context("it runs")?.to_string();
    let sent = tokio::process::Command::new("kill")
        .args(["-s", name, &process])
        .status()
        .await?;
    anyhow::ensure!(sent.success(), "{sent}");
    Ok(())
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
    command.args(arguments).env_remove("WAYBILL_CONFIG");
    command
}
