//! The binary, as a supervisor sees it.

use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::environment::{amqp_url, redis_url};
use waybill_test_support::eventually;
use waybill_test_support::redis::TestRedis;

use crate::support::SOON;

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
