//! RabbitMQ starved and killed: a private one.

use std::time::Duration;

use tokio::time::Instant;
use waybill_common::broker::{PublishError, PublisherState, acknowledge};
use waybill_test_support::broker::TestBroker;
use waybill_test_support::eventually;
use waybill_test_support::private::{PrivateRabbit, Signal};

use super::{Roads, SOON, TO_WORK, WORK, next, number, publisher_is};

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_alarm_is_an_error_at_once_and_acknowledgements_go_on() -> anyhow::Result<()> {
    let rabbit = PrivateRabbit::start().await?;
    let roads = Roads::open(TestBroker::on(&rabbit.url())).await?;
    roads.publish(TO_WORK, 1).await?;
    rabbit.alarm(true).await?;

    // The first publish after the alarm is what makes the broker say so.
    assert_eq!(roads.publish(TO_WORK, 2).await, Err(PublishError::Blocked));
    let asked = Instant::now();
    assert_eq!(roads.publish(TO_WORK, 3).await, Err(PublishError::Blocked));
    assert!(asked.elapsed() < Duration::from_millis(100), "{:?}", asked.elapsed());
    publisher_is(&roads.publisher, |state| matches!(state, PublisherState::Blocked(_))).await?;

    let mut deliveries = roads.consume(&[WORK], 10).await;
    let delivery = next(&mut deliveries).await?;
    assert_eq!(number(&delivery), 1);
    assert_eq!(acknowledge(vec![delivery.acker]).await, [true]);

    rabbit.alarm(false).await?;
    eventually(SOON, async || roads.publish(TO_WORK, 4).await).await;
    // 2 was on its way when the broker blocked: it was called a failure and arrives all the same. 3 was never sent.
    let arrived = [number(&next(&mut deliveries).await?), number(&next(&mut deliveries).await?)];
    assert_eq!(arrived, [2, 4]);
    deliveries.close().await;
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_is_found_again_and_declared_again() -> anyhow::Result<()> {
    let mut rabbit = PrivateRabbit::start().await?;
    let roads = Roads::open(TestBroker::on(&rabbit.url())).await?;
    for number in 0..100 {
        roads.publish(TO_WORK, number).await?;
    }
    rabbit.end(Signal::Kill).await?;
    publisher_is(&roads.publisher, |state| matches!(state, PublisherState::Disconnected(_)))
        .await?;
    let asked = Instant::now();
    assert_eq!(roads.publish(TO_WORK, 100).await, Err(PublishError::Disconnected));
    assert!(asked.elapsed() < Duration::from_millis(100), "{:?}", asked.elapsed());

    rabbit.start_again().await?;
    eventually(SOON, async || roads.publish(TO_WORK, 101).await).await;
    let mut deliveries = roads.consume(&[WORK], 200).await;
    for expected in (0..100).chain([101]) {
        assert_eq!(number(&next(&mut deliveries).await?), expected);
    }
    deliveries.close().await;

    // A broker that comes back empty is given everything again.
    rabbit.end(Signal::Kill).await?;
    rabbit.forget()?;
    rabbit.start_again().await?;
    eventually(SOON, async || roads.publish(TO_WORK, 102).await).await;
    let mut deliveries = roads.consume(&[WORK], 10).await;
    assert_eq!(number(&next(&mut deliveries).await?), 102);
    deliveries.close().await;
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_hangs_is_an_error_in_time() -> anyhow::Result<()> {
    let rabbit = PrivateRabbit::start().await?;
    let mut broker = TestBroker::on(&rabbit.url());
    broker.config.confirm_timeout_ms = 500;
    broker.config.connect_timeout_ms = 1000;
    let roads = Roads::open(broker).await?;
    rabbit.signal(Signal::Stop)?;
    assert_eq!(roads.publish(TO_WORK, 1).await, Err(PublishError::TimedOut));
    // Its channel cannot be replaced either, so the connection is given up.
    publisher_is(&roads.publisher, |state| matches!(state, PublisherState::Disconnected(_)))
        .await?;
    rabbit.signal(Signal::Cont)?;
    eventually(SOON, async || roads.publish(TO_WORK, 2).await).await;
    roads.close().await
}
