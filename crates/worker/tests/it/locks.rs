//! A lock saves work, and nothing depends on it.

use std::time::Duration;

use deadpool_redis::redis::cmd;
use waybill_common::domain::Verdict;
use waybill_common::domain::envelope::Envelope;
use waybill_test_support::TestDatabase;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::private::{PrivateRedis, Signal};
use waybill_test_support::redis::TestRedis;
use waybill_test_support::webhooks::config;

use crate::system::{TestSystem, counted};

/// Takes an order's lock as a worker does that is then killed.
fn leak(system: &TestSystem, order: &str, ttl: Duration) -> anyhow::Result<()> {
    let key = format!("{}:lock:order:{order}", system.redis.config.prefix);
    let ttl = u64::try_from(ttl.as_millis())?;
    cmd("SET")
        .arg(key)
        .arg("somebody else")
        .arg("PX")
        .arg(ttl)
        .exec(&mut system.redis.connect()?)?;
    Ok(())
}

fn payments(system: &TestSystem, order: &str, count: u32) -> anyhow::Result<Vec<Envelope>> {
    (0..count)
        .map(|nth| {
            system
                .payments
                .native(order, &format!("{order}-{nth}"), "paid", 1_00)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaked_lock_holds_up_its_own_order_only() -> anyhow::Result<()> {
    let mut system = TestSystem::new().await?;
    system.config.batch.max_events = 10;
    system.config.lock.wait_ms = 500;
    leak(&system, "STUCK", Duration::from_secs(600))?;
    // Many times more than a batch, and than may be parked.
    let stuck = payments(&system, "STUCK", 80)?;
    let mut others = Vec::new();
    for order in 0..20 {
        others.extend(payments(&system, &format!("A-{order}"), 5)?);
    }
    system.publish_all(&stuck).await?;
    system.publish_all(&others).await?;
    system.start_worker()?;

    let verdicts = counted(&system.verdicts(&others).await);
    assert_eq!(verdicts.get(&Verdict::Applied), Some(&100), "{verdicts:?}");
    assert_eq!(system.log().await?.len(), 100, "nothing of the locked order is written");

    // Its time to live ends.
    leak(&system, "STUCK", Duration::from_millis(1))?;
    let verdicts = counted(&system.verdicts(&stuck).await);
    assert_eq!(verdicts.get(&Verdict::Applied), Some(&80), "{verdicts:?}");
    let log = system.log().await?;
    let first_try = log.values().filter(|logged| logged.attempts == 1).count();
    assert_eq!(first_try, 180, "a busy lock burns no attempt");
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_was_deferred_as_often_as_it_may_counts_as_having_failed()
-> anyhow::Result<()> {
    let mut system = TestSystem::new().await?;
    system.config.lock.wait_ms = 50;
    system.config.lock.defers_max = 2;
    leak(&system, "STUCK", Duration::from_secs(600))?;
    let webhook = system.payments.native("STUCK", "T-1", "paid", 1_00)?;
    system.publish(&webhook).await?;
    system.start_worker()?;

    // Deferred twice, failed; retried after the one delay there is, deferred twice, failed for good.
    assert_eq!(system.verdicts([&webhook]).await, [Verdict::Dead]);
    let letters = system.dead_letters().await?;
    assert_eq!(letters[0].reason, "exhausted");
    assert!(letters[0].error.contains("locked by others"), "{}", letters[0].error);
    leak(&system, "STUCK", Duration::from_millis(1))?;
    system.finish(&[&webhook]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_when_redis_dies_half_way() -> anyhow::Result<()> {
    let mut server = PrivateRedis::start().await?;
    let database = TestDatabase::new().await?;
    let mut config = config();
    config.database = database.settings().clone();
    let redis = TestRedis::on(&server.url());
    let mut system = TestSystem::with(config, (TestBroker::new(), redis), Some(database)).await?;
    system.start_worker()?;
    system.start_worker()?;
    let (before, after) = (payments(&system, "A-1", 20)?, payments(&system, "A-2", 20)?);
    system.publish_all(&before).await?;
    system.verdicts(&before).await;

    server.end(Signal::Kill).await?;
    system.publish_all(&after).await?;
    let verdicts = counted(&system.verdicts(&after).await);

    assert_eq!(verdicts.get(&Verdict::Applied), Some(&20), "{verdicts:?}");
    assert_eq!(system.order("A-2").await?.captured, 20_00);
    server.start_again().await?;
    system.finish(&[]).await
}
