//! `waybill tail`.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use waybill_common::access::Scope;

use crate::support::{Installation, signal};

/// Readers of changes wait for whatever writes anywhere in the server, other tests included.
const SOON: Duration = Duration::from_secs(30);

struct Tail {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Tail {
    fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let lines = BufReader::new(child.stdout.take().context("it is piped")?).lines();
        Ok(Self { child, lines })
    }

    /// The next line, for programs.
    async fn next(&mut self) -> anyhow::Result<Value> {
        let line = timeout(SOON, self.lines.next_line())
            .await
            .context("nothing was printed")??;
        Ok(serde_json::from_str(&line.context("it ended")?)?)
    }

    /// Ends it as Ctrl-C does. Returns what it says of where it stood.
    async fn interrupt(mut self) -> anyhow::Result<Vec<String>> {
        signal(&self.child, "INT").await?;
        let status = timeout(SOON, self.child.wait()).await??;
        anyhow::ensure!(status.success(), "{status}");
        let mut told = String::new();
        let mut stderr = self.child.stderr.take().context("it is piped")?;
        stderr.read_to_string(&mut told).await?;
        let words = told
            .lines()
            .last()
            .and_then(|line| line.strip_prefix("to go on: "))
            .with_context(|| told.clone())?;
        Ok(words.split(' ').map(str::to_owned).collect())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_followed_from_the_beginning_and_on_from_where_it_stopped() -> anyhow::Result<()>
{
    let installation = Installation::new().await?;
    installation.paid_order("A-1").await?;
    let mut tail = Tail::start(installation.process(&["tail", "--after", "start", "--json"]))?;
    assert_eq!(tail.next().await?["change"]["to_status"], "pending");
    assert_eq!(tail.next().await?["change"]["to_status"], "paid");
    installation.paid_order("A-2").await?;
    assert_eq!(tail.next().await?["change"]["external_id"], "A-2");
    assert_eq!(tail.next().await?["change"]["to_status"], "paid");
    let on = tail.interrupt().await?;
    installation.paid_order("A-3").await?;

    let on: Vec<&str> = on.iter().map(String::as_str).collect();
    let mut tail = Tail::start(installation.process(&[&["tail", "--json"], &on[..]].concat()))?;
    let change = &tail.next().await?["change"];
    assert_eq!(
        (&change["external_id"], &change["to_status"]),
        (&Value::from("A-3"), &Value::from("pending"))
    );
    tail.interrupt().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_goes_away_and_comes_back_costs_no_change() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    let asker = installation.console(&[Scope::Changes]).await?;
    installation.paid_order("A-1").await?;
    let mut tail = Tail::start(asker.process(&["tail", "--after", "start", "--json"]))?;
    for expected in ["pending", "paid"] {
        assert_eq!(tail.next().await?["change"]["to_status"], expected);
    }
    let address = asker.stop().await?;
    installation.paid_order("A-2").await?;
    let _again = installation.console_at(address, &[Scope::Changes]).await?;
    for expected in ["pending", "paid"] {
        let change = &tail.next().await?["change"];
        assert_eq!(
            (&change["external_id"], &change["to_status"]),
            (&"A-2".into(), &expected.into())
        );
    }
    tail.interrupt().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_followed_each_once_and_a_time_to_go_on_from_is_told() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.paid_order("A-1").await?;
    let arguments = ["tail", "webhooks", "--since", "2020-01-01T00:00:00Z", "--json"];
    let mut tail = Tail::start(installation.process(&arguments))?;
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(tail.next().await?["webhook"]["id"].clone());
    }
    installation.paid_order("A-2").await?;
    for _ in 0..2 {
        let webhook = &tail.next().await?["webhook"];
        assert_eq!(webhook["verdict"], "applied");
        assert!(!seen.contains(&webhook["id"]), "{webhook} was printed before");
        seen.push(webhook["id"].clone());
    }
    let on = tail.interrupt().await?;
    assert_eq!(on.first().map(String::as_str), Some("--since"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_is_none_ends_it_at_once() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation
        .waybill(&["tail", "--after", "yesterday"])
        .code(2);
    installation
        .waybill(&["tail", "webhooks", "--since", "yesterday"])
        .code(2);
    Ok(())
}
