//! The program itself: what it says and how it ends.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;
use waybill_common::domain::Verdict;
use waybill_test_support::eventually;

use crate::system::{SOON, TestSystem, counted};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_waybill-worker"))
}

#[test]
fn a_configuration_that_cannot_work_is_told_in_one_line_and_ends_with_78() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("waybill.toml");
    std::fs::write(&file, "[batch]\nmax_event = 5\n")?;

    let ended = program().arg("--config").arg(&file).output()?;

    let told = String::from_utf8(ended.stderr)?;
    assert_eq!(ended.status.code(), Some(78), "{told}");
    assert!(told.contains("max_event"), "{told}");
    assert_eq!(told.trim_end().lines().count(), 1, "{told}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_told_to_stop_ends_well() -> anyhow::Result<()> {
    let system = TestSystem::new().await?;
    let webhook = system.payments.native("A-1", "T-1", "paid", 1_00)?;
    system.publish(&webhook).await?;
    let (mut process, _file) = start(&system)?;
    system.verdicts([&webhook]).await;

    let began = Instant::now();
    signal(&process, "TERM")?;
    let ended = eventually(SOON, async || match process.try_wait() {
        Ok(Some(ended)) => Ok(ended),
        waits => Err(format!("{waits:?}")),
    })
    .await;

    assert!(ended.success(), "{ended}");
    assert!(began.elapsed() < Duration::from_secs(20));
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_goes_on_after_a_hangup_and_ends_well_when_told() -> anyhow::Result<()> {
    let system = TestSystem::new().await?;
    let (mut process, _file) = start(&system)?;
    let before = system.payments.native("A-1", "T-1", "paid", 1_00)?;
    system.publish(&before).await?;
    system.verdicts([&before]).await;

    signal(&process, "HUP")?;
    let after = system.payments.native("A-1", "T-2", "paid", 1_00)?;
    system.publish(&after).await?;

    assert_eq!(system.verdicts([&after]).await, [Verdict::Applied]);
    assert!(process.try_wait()?.is_none(), "the same process goes on");
    signal(&process, "TERM")?;
    assert!(process.wait()?.success());
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_again_and_again_loses_nothing() -> anyhow::Result<()> {
    let system = TestSystem::new().await?;
    let mut sent = Vec::new();
    for nth in 0..900 {
        let order = format!("A-{}", nth % 60);
        sent.push(
            system
                .payments
                .native(&order, &format!("T-{nth}"), "paid", 1_00)?,
        );
    }
    system.publish_all(&sent).await?;
    for kill_after in [1, 200, 400] {
        let (mut process, _file) = start(&system)?;
        eventually(SOON, async || match system.log().await {
            Ok(log) if log.len() >= kill_after => Ok(()),
            Ok(log) => Err(log.len().to_string()),
            Err(error) => Err(error.to_string()),
        })
        .await;
        process.kill()?;
        process.wait()?;
    }
    let (mut process, _file) = start(&system)?;

    let verdicts = counted(&system.verdicts(&sent).await);

    assert_eq!(verdicts.get(&Verdict::Applied), Some(&900), "{verdicts:?}");
    assert_eq!(system.order("A-7").await?.captured, 15_00);
    signal(&process, "TERM")?;
    process.wait()?;
    system.finish(&[]).await
}

pub(crate) fn signal(process: &Child, name: &str) -> anyhow::Result<()> {
    let sent = Command::new("kill")
        .args([format!("-{name}"), process.id().to_string()])
        .status()?;
    anyhow::ensure!(sent.success(), "the process is gone");
    Ok(())
}

/// Starts the program on the system's servers. The file is its configuration.
pub(crate) fn start(system: &TestSystem) -> anyhow::Result<(Child, NamedTempFile)> {
    let file = NamedTempFile::with_suffix(".toml")?;
    std::fs::write(&file, settings(system))?;
    let process = program()
        .env_remove("DATABASE_URL")
        .env_remove("REDIS_URL")
        .env_remove("AMQP_URL")
        .arg("--config")
        .arg(file.path())
        .stdout(Stdio::null())
        .spawn()?;
    Ok((process, file))
}

/// What the program needs of the system's configuration.
fn settings(system: &TestSystem) -> String {
    let config = &system.config;
    let (database, redis, broker) = (&config.database, &config.redis, &config.broker);
    format!(
        "profile = \"demo\"\n\
         [database]\nurl = {:?}\n\
         [redis]\nurl = {:?}\nprefix = {:?}\n\
         [broker]\nurl = {:?}\nprefix = {:?}\n\
         [retry]\ndelays_seconds = {:?}\ndefer_ms = {}\nunknown_version_ms = {}\n\
         [batch]\nmax_events = 40\n\
         [lock]\nttl_ms = 12000\n\
         [worker]\nops_listen = \"127.0.0.1:0\"\n",
        database.url.expose(),
        redis.url.expose(),
        redis.prefix,
        broker.url.expose(),
        broker.prefix,
        config.retry.delays_seconds,
        config.retry.defer_ms,
        config.retry.unknown_version_ms,
    )
}
