//! What a worker tells to whoever reaches the database alone.

use std::time::Duration;

use waybill_common::clock::Clock;
use waybill_common::domain::Verdict;
use waybill_common::storage::queue_looks::{Seen, seen};
use waybill_test_support::eventually;

use crate::system::{SOON, TestSystem};

async fn until(system: &TestSystem, expected: impl Fn(&Seen) -> bool) -> Seen {
    eventually(SOON, async || {
        let mut conn = system.pool.get().await.map_err(|error| error.to_string())?;
        let told = seen(&mut conn).await.map_err(|error| error.to_string())?;
        told.filter(|told| expected(told))
            .ok_or_else(|| format!("{told:?}"))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn how_much_waits_stands_in_the_database_again_and_again() -> anyhow::Result<()> {
    let system = TestSystem::start().await?;
    let began = Clock::system().now().to_datetime();
    let first = until(&system, |told| told.ready == 0 && told.at >= began).await;
    let webhook = system.payments.native("A-1", "T-1", "paid", 1_00)?;
    system.publish(&webhook).await?;
    assert_eq!(system.verdicts([&webhook]).await, [Verdict::Applied]);
    let next = until(&system, |told| told.at > first.at).await;
    assert_eq!((next.ready, next.oldest_age), (0, Duration::ZERO));
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_no_worker_can_take_are_counted() -> anyhow::Result<()> {
    let mut system = TestSystem::new().await?;
    // So few in hand that most wait, for a lock that is never free.
    system.config.batch.max_events = 1;
    system.config.worker.lanes = 1;
    let mut sent = Vec::new();
    for nth in 0..40 {
        sent.push(
            system
                .payments
                .native("A-1", &format!("T-{nth}"), "paid", 1_00)?,
        );
    }
    system.publish_all(&sent).await?;
    system
        .until_ready(waybill_common::broker::Queue::Work { shard: 0 }, 40)
        .await;
    system
        .sql("ALTER TABLE orders ADD CONSTRAINT slow CHECK (pg_sleep(0.2) IS NOT NULL)")
        .await?;
    system.start_worker()?;
    until(&system, |told| told.ready > 0 && told.oldest_age > Duration::ZERO).await;
    system
        .sql("ALTER TABLE orders DROP CONSTRAINT slow")
        .await?;
    system.verdicts(&sent).await;
    system.finish(&[]).await
}
