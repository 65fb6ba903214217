//! Locks in a real Redis: exclusive, expiring, never another's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_redis::redis::Commands as _;
use futures_util::future::join_all;
use tokio::time::Instant;
use waybill_common::config::{Lock, LockMode};
use waybill_common::lock::{Guard, Locks};
use waybill_common::shutdown::Shutdown;
use waybill_test_support::eventually;
use waybill_test_support::private::{PrivateRedis, Signal};
use waybill_test_support::redis::TestRedis;

const SOON: Duration = Duration::from_secs(10);

struct Shelf {
    redis: TestRedis,
    shutdown: Shutdown,
    locks: Locks,
}

impl Shelf {
    fn with_ttl(ttl_ms: u64) -> anyhow::Result<Self> {
        Self::of(Lock { ttl_ms, ..Lock::default() })
    }

    fn of(lock: Lock) -> anyhow::Result<Self> {
        Self::on(TestRedis::new(), lock)
    }

    fn on(redis: TestRedis, lock: Lock) -> anyhow::Result<Self> {
        let shutdown = Shutdown::new();
        let locks = Locks::connect(&redis.config, &lock, &shutdown)?;
        Ok(Self { redis, shutdown, locks })
    }

    /// Takes all of these, and fails if one was busy.
    async fn take(&self, references: &[&str]) -> anyhow::Result<Guard> {
        let acquired = self.locks.acquire(&owned(references)).await?;
        assert!(acquired.busy.is_empty(), "busy: {:?}", acquired.busy);
        Ok(acquired.guard)
    }

    async fn close(self) -> anyhow::Result<()> {
        assert!(self.shutdown.finish(SOON).await, "a task did not end");
        assert_eq!(self.redis.keys()?, [""; 0], "locks are left");
        Ok(())
    }
}

fn owned(references: &[&str]) -> Vec<String> {
    references
        .iter()
        .map(|&reference| reference.to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_busy_is_told_and_the_rest_is_held() -> anyhow::Result<()> {
    let shelf = Shelf::with_ttl(15_000)?;
    let first = shelf.take(&["order:1", "order:2"]).await?;
    let wanted = owned(&["order:3", "order:2", "order:3"]);
    let second = shelf.locks.acquire(&wanted).await?;
    assert_eq!(Vec::from_iter(second.busy), ["order:2"]);
    let prefix = &shelf.redis.config.prefix;
    assert_eq!(second.guard.keys(), [format!("{prefix}:lock:order:3")]);
    assert_eq!(shelf.redis.keys()?.len(), 3);
    first.release().await;
    second.guard.release().await;
    shelf.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_tasks_never_hold_one_lock_together() -> anyhow::Result<()> {
    let shelf = Shelf::with_ttl(15_000)?;
    let (inside, done) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
    let reference = owned(&["order:1"]);
    let task = async || -> anyhow::Result<()> {
        while done.load(Ordering::SeqCst) < 200 {
            let acquired = shelf.locks.acquire(&reference).await?;
            if acquired.busy.is_empty() {
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two are inside");
                tokio::task::yield_now().await;
                inside.fetch_sub(1, Ordering::SeqCst);
                done.fetch_add(1, Ordering::SeqCst);
            }
            acquired.guard.release().await;
        }
        Ok(())
    };
    for ended in join_all((0..8).map(|_| task())).await {
        ended?;
    }
    shelf.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_lost_its_lock_cannot_delete_its_successor_s() -> anyhow::Result<()> {
    let shelf = Shelf::with_ttl(15_000)?;
    let first = shelf.take(&["order:1"]).await?;
    // As if it had expired, or Redis had been emptied.
    let () = shelf.redis.connect()?.del(first.keys())?;
    let second = shelf.take(&["order:1"]).await?;
    first.release().await;
    assert_eq!(shelf.redis.keys()?, second.keys(), "the successor's lock is gone");
    second.release().await;
    shelf.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_are_renewed_while_they_are_held() -> anyhow::Result<()> {
    let shelf = Shelf::with_ttl(300)?;
    let guard = shelf.take(&["order:1"]).await?;
    let deadline = guard.deadline();
    eventually(SOON, async || match guard.deadline() {
        Some(now) if Some(now) > deadline.map(|then| then + Duration::from_millis(600)) => Ok(()),
        seen => Err(seen),
    })
    .await;
    assert!(guard.is_held());
    assert_eq!(shelf.redis.keys()?.len(), 1, "twice its time to live has passed, and it is there");
    guard.release().await;
    shelf.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_learns_that_its_lock_was_lost() -> anyhow::Result<()> {
    let shelf = Shelf::with_ttl(300)?;
    let guard = shelf.take(&["order:1", "order:2"]).await?;
    let () = shelf.redis.connect()?.del(&guard.keys()[0])?;
    tokio::time::timeout(SOON, guard.lost()).await?;
    assert!(!guard.is_held());
    guard.release().await;
    shelf.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_guard_gives_its_locks_back() -> anyhow::Result<()> {
    let shelf = Shelf::with_ttl(15_000)?;
    drop(shelf.take(&["order:1"]).await?);
    eventually(SOON, async || match shelf.redis.keys() {
        Ok(keys) if keys.is_empty() => Ok(()),
        seen => Err(seen),
    })
    .await;
    shelf.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn turned_off_it_locks_nothing_and_asks_nobody() -> anyhow::Result<()> {
    let shelf = Shelf::of(Lock { mode: LockMode::Off, ..Lock::default() })?;
    let first = shelf.take(&["order:1"]).await?;
    let second = shelf.take(&["order:1"]).await?;
    assert!(first.is_held() && second.is_held());
    assert_eq!(shelf.redis.keys()?, [""; 0]);
    first.release().await;
    second.release().await;
    shelf.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_redis_is_an_error_at_once_and_found_again() -> anyhow::Result<()> {
    let mut server = PrivateRedis::start().await?;
    let shelf = Shelf::on(TestRedis::on(&server.url()), Lock::default())?;
    shelf.take(&["order:1"]).await?.release().await;
    server.end(Signal::Kill).await?;
    let asked = Instant::now();
    assert!(shelf.locks.acquire(&owned(&["order:1"])).await.is_err());
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    server.start_again().await?;
    let guard = eventually(SOON, async || match shelf.locks.acquire(&owned(&["order:1"])).await {
        Ok(acquired) => Ok(acquired.guard),
        Err(error) => Err(error),
    })
    .await;
    guard.release().await;
    shelf.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_hangs_costs_one_timeout_and_not_one_per_batch() -> anyhow::Result<()> {
    let server = PrivateRedis::start().await?;
    let shelf = Shelf::on(TestRedis::on(&server.url()), Lock::default())?;
    shelf.take(&["order:1"]).await?.release().await;
    server.signal(Signal::Stop)?;
    assert!(shelf.locks.acquire(&owned(&["order:1"])).await.is_err());
    let asked = Instant::now();
    for _ in 0..1000 {
        assert!(shelf.locks.acquire(&owned(&["order:2"])).await.is_err());
    }
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    server.signal(Signal::Cont)?;
    // What was asked for while it hung may have been taken late; it is given back before it expires.
    eventually(SOON, async || match shelf.locks.acquire(&owned(&["order:1"])).await {
        Ok(acquired) if acquired.busy.is_empty() => Ok(acquired.guard),
        Ok(acquired) => Err(format!("busy: {:?}", acquired.busy)),
        Err(error) => Err(error.to_string()),
    })
    .await
    .release()
    .await;
    shelf.close().await
}
