//! Stopping under load loses nothing and counts nothing twice.

use waybill_common::domain::Verdict;
use waybill_test_support::eventually;

use crate::system::{SOON, TestSystem, counted};

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_under_load_loses_nothing() -> anyhow::Result<()> {
    let mut system = TestSystem::new().await?;
    system.config.batch.max_events = 20;
    let mut sent = Vec::new();
    for nth in 0..600 {
        let order = format!("A-{}", nth % 40);
        sent.push(
            system
                .payments
                .native(&order, &format!("T-{nth}"), "paid", 1_00)?,
        );
    }
    system.publish_all(&sent).await?;

    for stop_after in [50, 150] {
        system.start_worker()?;
        eventually(SOON, async || match system.log().await {
            Ok(log) if log.len() >= stop_after => Ok(()),
            Ok(log) => Err(log.len().to_string()),
            Err(error) => Err(error.to_string()),
        })
        .await;
        system.stop_worker().await?;
    }
    system.start_worker()?;

    let verdicts = counted(&system.verdicts(&sent).await);
    assert_eq!(verdicts.get(&Verdict::Applied), Some(&600), "{verdicts:?}");
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_stops_at_once_and_serves_its_ops_listener_until_then() -> anyhow::Result<()>
{
    let mut system = TestSystem::start().await?;
    eventually(
        SOON,
        async || {
            if system.worker().health.is_ready() { Ok(()) } else { Err("not ready") }
        },
    )
    .await;
    assert_ne!(system.worker().ops_addr.port(), 0);

    let began = std::time::Instant::now();
    system.stop_worker().await?;

    assert!(began.elapsed() < std::time::Duration::from_secs(10));
    system.finish(&[]).await
}
