//! The binary, as a supervisor sees it.

use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use futures_util::future::join_all;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use waybill_common::broker::Queue;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::environment::{amqp_url, redis_url};
use waybill_test_support::eventually;
use waybill_test_support::redis::TestRedis;

use crate::support::{SOON, paid};

fn start(config: &str) -> anyhow::Result<(Child, tempfile::TempDir)> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("waybill.toml");
    std::fs::write(&file, config)?;
    let child = Command::new(env!("CARGO_BIN_EXE_waybill-ingest"))
        .arg("--config")
        .arg(file)
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    Ok((child, folder))
}

async fn end(child: Child) -> anyhow::Result<Output> {
    Ok(timeout(SOON, child.wait_with_output()).await??)
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_exit_78_and_one_clear_line() -> anyhow::Result<()> {
    for (config, expected) in [
        ("[broker]\nshard = 1", "shard"),
        ("[sources.a]\nprovider = 'nobody'", "nobody"),
        ("[sources.a]\nprovider = 'native'\ntokens = ['short']", "at least 24 bytes"),
        ("[sources.a]\nprovider = 'native'", "sources.a.tokens"),
        ("[redis]\nurl = 'http://x'", "redis.url"),
        ("[telemetry]\nlog = '=x=y'", "telemetry.log"),
    ] {
        let (child, _folder) = start(&format!("profile = 'production'\n{config}"))?;
        let output = end(child).await?;
        let said = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(78), "{config}: {said}");
        assert!(said.contains(expected), "{config}: {said}");
        assert!(said.starts_with("waybill-ingest: "), "{said}");
    }
    Ok(())
}

#[tokio::test]
async fn an_address_that_is_taken_is_exit_1() -> anyhow::Result<()> {
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let (child, _folder) = start(&format!(
        "profile = 'demo'\n[ingest]\nlisten = '{}'\nops_listen = '127.0.0.1:0'",
        taken.local_addr()?
    ))?;
    let output = end(child).await?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("could not listen on {}", taken.local_addr()?)), "{said}");
    Ok(())
}

#[tokio::test]
async fn told_to_stop_it_ends_with_exit_0() -> anyhow::Result<()> {
    for signal in ["TERM", "INT"] {
        let (broker, redis) = (TestBroker::new(), TestRedis::new());
        let ops = free_address()?;
        let (child, _folder) = start(&format!(
            "profile = 'demo'\n[ingest]\nlisten = '127.0.0.1:0'\nops_listen = '{ops}'\nlame_duck_ms = 0\n\
             [broker]\nurl = '{}'\nprefix = '{}'\n[redis]\nurl = '{}'\nprefix = '{}'\n\
             [retry]\ndelays_seconds = [1]\ndefer_ms = 100\nunknown_version_ms = 200",
            amqp_url(),
            broker.config.prefix,
            redis_url(),
            redis.config.prefix,
        ))?;
        let pid = child.id().unwrap().to_string();
        eventually(SOON, async || {
            let status = reqwest::get(format!("http://{ops}/readyz"))
                .await
                .map(|r| r.status());
            matches!(status, Ok(ready) if ready == 200)
                .then_some(())
                .ok_or(status)
        })
        .await;
        assert!(
            Command::new("kill")
                .args([format!("-{signal}"), pid])
                .status()
                .await?
                .success()
        );
        let output = end(child).await?;
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let log = String::from_utf8(output.stdout)?;
        assert!(log.lines().all(|line| line.starts_with('{')), "{log}");
        assert!(log.contains("stopped"), "{log}");
        broker.finish().await?;
    }
    Ok(())
}

/// Free now; nobody else takes it in the next moment.
fn free_address() -> std::io::Result<std::net::SocketAddr> {
    std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()
}

#[tokio::test]
async fn told_to_read_again_it_goes_on_and_says_what_is_wrong() -> anyhow::Result<()> {
    let (broker, redis) = (TestBroker::new(), TestRedis::new());
    let ops = free_address()?;
    let (mut child, folder) = start(&format!(
        "profile = 'demo'\n[ingest]\nlisten = '127.0.0.1:0'\nops_listen = '{ops}'\nlame_duck_ms = 0\n\
         [broker]\nurl = '{}'\nprefix = '{}'\n[redis]\nurl = '{}'\nprefix = '{}'",
        amqp_url(),
        broker.config.prefix,
        redis_url(),
        redis.config.prefix,
    ))?;
    let mut log = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut until = async |sentence: &str| {
        while let Some(line) = timeout(SOON, log.next_line()).await?? {
            if line.contains(sentence) {
                return anyhow::Ok(line);
            }
        }
        anyhow::bail!("it ended without saying {sentence:?}")
    };
    until("ingest is listening").await?;
    let pid = child.id().expect("it runs").to_string();
    let tell =
        async |signal: &'static str| Command::new("kill").args([signal, &pid]).status().await;
    // It listens to the signal a moment after it says so.
    eventually(SOON, async || {
        let metrics = reqwest::get(format!("http://{ops}/healthz")).await;
        metrics.map(drop).map_err(|error| error.to_string())
    })
    .await;
    assert!(tell("-HUP").await?.success());
    until("the sources were read again").await?;
    std::fs::write(
        folder.path().join("waybill.toml"),
        "profile = 'demo'\n[sources.a]\nprovider = 'nobody'",
    )?;
    let line = until("the new configuration is refused").await?;
    assert!(line.contains("nobody") && line.contains("sources.a.provider"), "{line}");
    assert!(tell("-TERM").await?.success());
    until("stopped").await?;
    assert_eq!(timeout(SOON, child.wait()).await??.code(), Some(0));
    broker.finish().await
}

/// The binary with a source `payments`, whose second token is changed while it runs.
struct Rotating {
    child: Child,
    folder: tempfile::TempDir,
    listen: std::net::SocketAddr,
    /// The configuration without the source.
    servers: String,
    http: reqwest::Client,
}

impl Rotating {
    fn start(broker: &TestBroker, redis: &TestRedis, token: &str) -> anyhow::Result<Self> {
        let (listen, ops) = (free_address()?, free_address()?);
        let servers = format!(
            "profile = 'demo'\n[ingest]\nlisten = '{listen}'\nops_listen = '{ops}'\nlame_duck_ms = 0\n\
             failures_per_minute = 1000000\n\
             [broker]\nurl = '{}'\nprefix = '{}'\n[redis]\nurl = '{}'\nprefix = '{}'\n\
             [retry]\ndelays_seconds = [1]\ndefer_ms = 100\nunknown_version_ms = 200\n",
            amqp_url(),
            broker.config.prefix,
            redis_url(),
            redis.config.prefix,
        );
        let (child, folder) = start(&with_token(&servers, token))?;
        Ok(Self { child, folder, listen, servers, http: reqwest::Client::new() })
    }

    async fn rotate(&self, token: &str) -> anyhow::Result<()> {
        let file = self.folder.path().join("waybill.toml");
        std::fs::write(file, with_token(&self.servers, token))?;
        self.tell("-HUP").await
    }

    async fn tell(&self, signal: &str) -> anyhow::Result<()> {
        let pid = self.child.id().expect("it runs").to_string();
        let told = Command::new("kill").args([signal, &pid]).status().await?;
        anyhow::ensure!(told.success(), "{signal} could not be sent");
        Ok(())
    }

    async fn status(&self, token: &str, txn: &str) -> reqwest::Result<u16> {
        let url = format!("http://{}/webhooks/payments", self.listen);
        let body = paid(txn).to_string();
        let sent = self.http.post(url).bearer_auth(token).body(body).send();
        sent.await.map(|response| response.status().as_u16())
    }

    async fn until(&self, token: &str, expected: u16) {
        eventually(SOON, async || {
            let seen = self.status(token, "TXN_until").await;
            // Known from the last time that it was asked.
            let seen = seen.map(|seen| if seen == 409 { 202 } else { seen });
            matches!(seen, Ok(seen) if seen == expected)
                .then_some(())
                .ok_or(seen)
        })
        .await;
    }

    /// Sends with the token that stays, until it is over; each must be accepted.
    async fn send(&self, sender: u32, over: &AtomicBool, accepted: &AtomicU32) {
        for number in 0.. {
            if over.load(Ordering::SeqCst) {
                return;
            }
            let txn = format!("TXN_{sender}_{number}");
            let answered = self.status("lasting-token", &txn).await;
            assert!(matches!(answered, Ok(202)), "{txn}: {answered:?}");
            accepted.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn with_token(servers: &str, token: &str) -> String {
    format!(
        "{servers}[sources.payments]\nprovider = 'native'\ndefault_currency = 'USD'\n\
         tokens = ['lasting-token', '{token}']\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_read_again_under_load_it_drops_no_request() -> anyhow::Result<()> {
    let (broker, redis) = (TestBroker::new(), TestRedis::new());
    let ingest = Rotating::start(&broker, &redis, "first-token")?;
    ingest.until("first-token", 202).await;

    let (over, accepted) = (AtomicBool::new(false), AtomicU32::new(0));
    let senders = (0..4).map(|sender| ingest.send(sender, &over, &accepted));
    let rotating = async {
        let mut old = "first-token".to_owned();
        for round in 0..3 {
            let new = format!("token-of-round-{round}");
            ingest.rotate(&new).await?;
            ingest.until(&new, 202).await;
            ingest.until(&old, 401).await;
            old = new;
            let told = accepted.load(Ordering::SeqCst);
            // So that each round has requests before, within and after it.
            eventually(SOON, async || {
                let now = accepted.load(Ordering::SeqCst);
                (now >= told + 8).then_some(()).ok_or(now)
            })
            .await;
        }
        over.store(true, Ordering::SeqCst);
        anyhow::Ok(())
    };
    let (_, rotated) = tokio::join!(join_all(senders), rotating);
    rotated?;
    ingest.tell("-TERM").await?;
    assert_eq!(end(ingest.child).await?.status.code(), Some(0));
    let accepted = accepted.load(Ordering::SeqCst);
    eventually(SOON, async || {
        let ready = broker.ready(Queue::Work { shard: 0 }).await;
        let ready = ready.expect("the broker answers");
        // Those of the senders, and the one that was waited with.
        (ready == accepted + 1).then_some(()).ok_or(ready)
    })
    .await;
    broker.finish().await
}
