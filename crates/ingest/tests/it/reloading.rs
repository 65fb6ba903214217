//! New secrets while requests keep coming.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use futures_util::future::join_all;
use tempfile::TempDir;
use waybill_common::broker::Queue;
use waybill_common::config::{self, Config};
use waybill_common::domain::Timestamp;
use waybill_common::domain::counts::Report;
use waybill_test_support::eventually;

use crate::support::{SOON, TestIngest, paid};

/// A configuration file and the folder of mounted secrets beside it.
struct Mounted {
    folder: TempDir,
    versions: u32,
}

impl Mounted {
    fn new(token: &str) -> anyhow::Result<Self> {
        let mut mounted = Self { folder: TempDir::new()?, versions: 0 };
        mounted.mount(token)?;
        mounted.write(&format!(
            "tokens = [{{ file = '{}' }}]",
            mounted.folder.path().join("secrets/token").display()
        ))?;
        Ok(mounted)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("waybill.toml")
    }

    /// The whole configuration, but for what makes a test's own.
    fn write(&self, keys: &str) -> anyhow::Result<()> {
        let text = format!(
            "profile = 'demo'\n[sources.payments]\nprovider = 'native'\ndefault_currency = 'USD'\n{keys}"
        );
        Ok(std::fs::write(self.file(), text)?)
    }

    /// As clusters do it: a new folder, and a symbolic link that is renamed over the old one.
    fn mount(&mut self, token: &str) -> anyhow::Result<()> {
        self.versions += 1;
        let at = |name: &str| self.folder.path().join(name);
        let version = format!("version-{}", self.versions);
        std::fs::create_dir(at(&version))?;
        std::fs::write(at(&version).join("token"), format!("{token}\n"))?;
        std::os::unix::fs::symlink(&version, at("next"))?;
        Ok(std::fs::rename(at("next"), at("secrets"))?)
    }
}

async fn following(file: &Path) -> anyhow::Result<TestIngest> {
    let loaded = config::load(Some(file))?;
    let sources = loaded.sources.clone();
    let ingest = TestIngest::with(|config: &mut Config| {
        config.sources = sources;
        // The test itself tries secrets that are not in force yet.
        config.ingest.failures_per_minute = 1_000_000;
    })
    .await?;
    ingest.application.follow(Some(file), loaded);
    Ok(ingest)
}

async fn status(ingest: &TestIngest, token: &str, txn: &str) -> u16 {
    let sent = ingest
        .send("/webhooks/payments", &format!("Bearer {token}"), paid(txn).to_string())
        .await;
    sent.expect("no request is dropped").status().as_u16()
}

async fn until(ingest: &TestIngest, token: &str, expected: u16) {
    eventually(SOON, async || {
        let seen = status(ingest, token, "TXN_until").await;
        let seen = if seen == 409 { 202 } else { seen };
        (seen == expected).then_some(()).ok_or(seen)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotation_under_load_loses_no_request() -> anyhow::Result<()> {
    let mut mounted = Mounted::new("the-token")?;
    let secret = mounted.folder.path().join("secrets/token");
    let keys = format!("tokens = ['the-token', {{ file = '{}' }}]", secret.display());
    let ingest = following(&mounted.file()).await?;
    let (over, accepted) = (AtomicBool::new(false), AtomicU32::new(0));
    let senders = (0..8).map(|sender| {
        let (over, accepted, ingest) = (&over, &accepted, &ingest);
        async move {
            for number in 0.. {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let txn = format!("TXN_{sender}_{number}");
                assert_eq!(status(ingest, "the-token", &txn).await, 202, "{txn}");
                accepted.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    let rotating = async {
        mounted.write(&keys)?;
        for round in 0..3 {
            let token = format!("new-token-{round}");
            mounted.mount(&token)?;
            until(&ingest, &token, 202).await;
        }
        over.store(true, Ordering::SeqCst);
        anyhow::Ok(())
    };
    let (_, rotated) = tokio::join!(join_all(senders), rotating);
    rotated?;
    assert_eq!(status(&ingest, "new-token-1", "TXN_old").await, 401, "a replaced secret is gone");
    let accepted = accepted.load(Ordering::SeqCst);
    assert!(accepted > 50, "{accepted}");
    eventually(SOON, async || {
        let ready = ingest.broker.ready(Queue::Work { shard: 0 }).await;
        let ready = ready.expect("the broker answers");
        // Those of the senders, and the one that was waited with: again, where Redis was asked in vain.
        (ready > accepted).then_some(()).ok_or(ready)
    })
    .await;
    ingest.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_secret_works_until_its_end_and_not_after() -> anyhow::Result<()> {
    let mounted = Mounted::new("the-token")?;
    let ingest = following(&mounted.file()).await?;
    mounted.write(
        "tokens = [{ value = 'the-token', not_after = '2026-01-01T12:30:00Z' }, 'new-token']",
    )?;
    until(&ingest, "new-token", 202).await;
    ingest.clock.set(Timestamp::parse("2026-01-01T12:30:00Z")?);
    assert_eq!(status(&ingest, "the-token", "TXN_1").await, 202);
    ingest.clock.set(Timestamp::parse("2026-01-01T12:30:01Z")?);
    assert_eq!(status(&ingest, "the-token", "TXN_2").await, 401);
    assert_eq!(status(&ingest, "new-token", "TXN_3").await, 202);
    assert_eq!(ingest.published().await?.len(), 3);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_stays_keeps_what_it_has_verified() -> anyhow::Result<()> {
    let mounted = Mounted::new("the-token")?;
    let ingest = following(&mounted.file()).await?;
    assert_eq!(status(&ingest, "the-token", "TXN_1").await, 202);
    mounted.write("tokens = ['new-token', 'the-token']")?;
    until(&ingest, "new-token", 202).await;
    assert_eq!(status(&ingest, "the-token", "TXN_2").await, 202);
    assert_eq!(ingest.published().await?.len(), 3);
    assert!(ingest.application.stop().await);
    let mut told = BTreeMap::new();
    while let Some(message) = ingest.broker.take(Queue::Counts).await? {
        for secret in Report::decode(&message.data)?.secrets {
            told.insert(secret.position, secret.used);
        }
    }
    assert_eq!(told, BTreeMap::from([(0, 1), (1, 2)]));
    ingest.broker.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_configuration_is_refused_and_a_mended_one_taken_over() -> anyhow::Result<()> {
    let mounted = Mounted::new("the-token")?;
    let ingest = following(&mounted.file()).await?;
    let refused = async |keys: &str| {
        mounted.write(keys).expect("the folder is there");
        eventually(SOON, async || ingest.application.refused().ok_or("in force")).await
    };
    let reason = refused("tokens = ['new-token'").await;
    assert!(reason.contains("TOML") && !reason.contains("new-token"), "{reason}");
    assert_eq!(status(&ingest, "the-token", "TXN_1").await, 202, "the old one stays");
    mounted.write("tokens = ['newer-token']\nnamespace = 'x'")?;
    until(&ingest, "newer-token", 202).await;
    assert_eq!(ingest.application.refused(), None);

    // A secret that is not there yet is not given up on.
    let secret = mounted.folder.path().join("secrets-to-come");
    mounted.write(&format!("tokens = [{{ file = '{}' }}]", secret.display()))?;
    eventually(SOON, async || ingest.application.refused().ok_or("in force")).await;
    std::fs::write(&secret, "late-token")?;
    until(&ingest, "late-token", 202).await;
    assert_eq!(ingest.published().await?.len(), 2, "TXN_1, and the one that was waited with");
    ingest.finish().await
}
