//! An outage pauses the worker, burns no attempt and loses nothing.

use waybill_common::broker::Queue;
use waybill_common::domain::Verdict;
use waybill_common::domain::envelope::Envelope;
use waybill_common::storage::migrate;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::database::{RAISED, refuse};
use waybill_test_support::private::{PrivatePostgres, PrivateRabbit, Signal};
use waybill_test_support::redis::TestRedis;
use waybill_test_support::webhooks::config;
use waybill_test_support::{TestDatabase, eventually};

use crate::system::{SOON, TestSystem, counted};

async fn on(server: &PrivatePostgres) -> anyhow::Result<TestSystem> {
    let mut config = config();
    config.database.url = server.url().as_str().into();
    TestSystem::with(config, (TestBroker::new(), TestRedis::new()), None).await
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

async fn until_ready(system: &TestSystem, ready: bool) {
    eventually(SOON, async || {
        let is_ready = system.worker().health.is_ready();
        if is_ready == ready { Ok(()) } else { Err(format!("ready: {is_ready}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_dies_and_comes_back_costs_no_attempt_and_no_event() -> anyhow::Result<()> {
    let mut server = PrivatePostgres::start().await?;
    let mut system = on(&server).await?;
    migrate(&system.config.database).await?;
    system.start_worker()?;
    let before = payments(&system, "A-1", 30)?;
    system.publish_all(&before).await?;
    system.verdicts(&before).await;
    until_ready(&system, true).await;

    server.end(Signal::Kill).await?;
    let meanwhile = payments(&system, "A-2", 30)?;
    system.publish_all(&meanwhile).await?;
    until_ready(&system, false).await;
    server.start_again().await?;

    let verdicts = counted(&system.verdicts(&meanwhile).await);
    assert_eq!(verdicts.get(&Verdict::Applied), Some(&30), "{verdicts:?}");
    let log = system.log().await?;
    assert!(log.values().all(|logged| logged.attempts == 1), "an outage burnt an attempt: {log:?}");
    until_ready(&system, true).await;
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_waits_unready_for_its_schema() -> anyhow::Result<()> {
    let server = PrivatePostgres::start().await?;
    let mut system = on(&server).await?;
    let webhook = system.payments.native("A-1", "T-1", "paid", 1_00)?;
    system.publish(&webhook).await?;
    system.start_worker()?;
    until_ready(&system, false).await;

    migrate(&system.config.database).await?;

    assert_eq!(system.verdicts([&webhook]).await, [Verdict::Applied]);
    until_ready(&system, true).await;
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_dies_and_comes_back_costs_no_event() -> anyhow::Result<()> {
    let mut server = PrivateRabbit::start().await?;
    let database = TestDatabase::new().await?;
    let mut config = config();
    config.database = database.settings().clone();
    config.batch.max_events = 20;
    let broker = TestBroker::on(&server.url());
    let mut system = TestSystem::with(config, (broker, TestRedis::new()), Some(database)).await?;
    let mut sent = Vec::new();
    for order in 0..20 {
        sent.extend(payments(&system, &format!("A-{order}"), 20)?);
    }
    system.publish_all(&sent).await?;
    system.start_worker()?;
    eventually(SOON, async || match system.log().await {
        Ok(log) if log.len() >= 40 => Ok(()),
        Ok(log) => Err(log.len().to_string()),
        Err(error) => Err(error.to_string()),
    })
    .await;

    server.end(Signal::Kill).await?;
    until_ready(&system, false).await;
    server.start_again().await?;

    let verdicts = counted(&system.verdicts(&sent).await);
    assert_eq!(verdicts.get(&Verdict::Applied), Some(&400), "{verdicts:?}");
    let log = system.log().await?;
    assert!(log.values().all(|logged| logged.attempts == 1), "an outage burnt an attempt");
    until_ready(&system, true).await;
    Ok(())
}

/// Consuming and acknowledging go on, on their own connection; what was to be handed on is held until it can be.
#[tokio::test(flavor = "multi_thread")]
async fn a_memory_alarm_holds_a_retry_back_and_loses_nothing() -> anyhow::Result<()> {
    let server = PrivateRabbit::start().await?;
    let database = TestDatabase::new().await?;
    let mut config = config();
    config.database = database.settings().clone();
    let broker = TestBroker::on(&server.url());
    let mut system = TestSystem::with(config, (broker, TestRedis::new()), Some(database)).await?;
    system.sql(&refuse("SHAKY", RAISED)).await?;
    let shaky = system.payments.native("A-1", "SHAKY", "paid", 1_00)?;
    let good = system.payments.native("A-2", "T-1", "paid", 1_00)?;
    system.publish_all([&shaky, &good]).await?;
    server.alarm(true).await?;
    system.start_worker()?;

    system.until_retrying(&shaky).await;
    eventually(SOON, async || {
        let states = server.ctl(&["list_connections", "state"]).await;
        let states = states.map_err(|error| format!("{error:#}"))?;
        // Not «blocking»: it has published since the alarm.
        if states.lines().any(|state| state == "blocked") { Ok(()) } else { Err(states) }
    })
    .await;
    assert_eq!(system.verdicts([&good]).await, [Verdict::Applied]);
    let delayed = system.broker.ready(Queue::Retry { ms: 1_000 }).await?;
    assert_eq!(delayed, 0, "the broker takes nothing, so the delivery is held or given back");
    assert_eq!(system.log().await?[&shaky.event.webhook_id].state, "retrying");
    system.sql("DROP TRIGGER refuse ON event_keys").await?;
    server.alarm(false).await?;

    // What was held and what was abandoned may both arrive now.
    assert_eq!(system.verdicts([&shaky]).await, [Verdict::Applied]);
    assert_eq!(system.order("A-1").await?.captured, 1_00);
    assert!(system.dead_letters().await?.is_empty());
    system.until_ready(Queue::Work { shard: 0 }, 0).await;
    system.until_ready(Queue::Retry { ms: 1_000 }, 0).await;
    system.stop_worker().await
}
