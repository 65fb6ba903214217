//! A delivery is ours until it is acknowledged or given back; a stream ends once.

use futures_util::{FutureExt as _, StreamExt as _};
use lapin::options::QueueDeleteOptions;
use waybill_common::broker::{Queue, acknowledge};
use waybill_test_support::broker::TestBroker;
use waybill_test_support::eventually;

use super::{Roads, SOON, TO_WORK, WORK, next, number};

#[tokio::test(flavor = "multi_thread")]
async fn each_giving_back_is_counted_from_zero() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    roads.publish(TO_WORK, 1).await?;
    for count in 0..3 {
        let mut deliveries = roads.consume(&[WORK], 10).await;
        let delivery = next(&mut deliveries).await?;
        assert_eq!((delivery.delivery_count, delivery.redelivered), (count, count > 0));
        // Closing gives back, and so does dropping.
        if count == 0 {
            deliveries.close().await;
        }
    }
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_after_the_channel_is_one_that_did_not_happen() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    roads.publish(TO_WORK, 1).await?;
    let mut deliveries = roads.consume(&[WORK], 10).await;
    let stale = next(&mut deliveries).await?.acker;
    let settler = deliveries.settler();
    deliveries.close().await;
    assert!(!stale.is_usable());
    assert_eq!(settler.acknowledge(vec![stale]).await, 1);
    let mut again = roads.consume(&[WORK], 10).await;
    assert_eq!(number(&next(&mut again).await?), 1);
    again.close().await;
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledging_in_any_order_acknowledges_all_and_only_that() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    for number in 1..=12 {
        roads.publish(TO_WORK, number).await?;
    }
    let mut deliveries = roads.consume(&[WORK], 20).await;
    let settler = deliveries.settler();
    let mut ackers = Vec::new();
    for _ in 1..=12 {
        ackers.push(Some(next(&mut deliveries).await?.acker));
    }
    // 7 stays unfinished: what is above must not be acknowledged with what is above that.
    for batch in [&[1, 3][..], &[0, 2, 4], &[11, 8], &[5], &[7, 9, 10]] {
        let batch: Vec<_> = batch
            .iter()
            .filter_map(|&place| ackers[place].take())
            .collect();
        assert_eq!(settler.acknowledge(batch).await, 0);
    }
    deliveries.close().await;
    let mut left = roads.consume(&[WORK], 20).await;
    assert_eq!(number(&next(&mut left).await?), 7);
    assert!(left.next().now_or_never().is_none(), "more than the unfinished came back");
    left.close().await;
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_channel_takes_no_more_and_can_still_acknowledge() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    roads.publish(TO_WORK, 1).await?;
    let mut deliveries = roads.consume(&[WORK], 10).await;
    let delivery = next(&mut deliveries).await?;
    deliveries.cancel().await;
    roads.publish(TO_WORK, 2).await?;
    assert!(
        tokio::time::timeout(SOON, deliveries.next())
            .await?
            .is_none()
    );
    assert_eq!(acknowledge(vec![delivery.acker]).await, [true]);
    deliveries.close().await;
    assert_eq!(roads.broker.ready(WORK).await?, 1);
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_queue_ends_the_stream_once_and_is_declared_again() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    let mut deliveries = roads.consume(&[WORK], 10).await;
    let name = roads.broker.topology().name(WORK);
    let looking = roads.broker.channel().await?;
    looking
        .queue_delete(name.into(), QueueDeleteOptions::default())
        .await?;
    assert!(
        tokio::time::timeout(SOON, deliveries.next())
            .await?
            .is_none()
    );
    assert!(
        tokio::time::timeout(SOON, deliveries.next())
            .await?
            .is_none(),
        "it does not hang"
    );
    drop(deliveries);
    let mut deliveries = roads.consume(&[WORK], 10).await;
    roads.publish(TO_WORK, 1).await?;
    assert_eq!(number(&next(&mut deliveries).await?), 1);
    deliveries.close().await;
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_cannot_be_had_is_an_error_and_harms_no_other() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    let mut deliveries = roads.consume(&[WORK], 10).await;
    let missing = roads
        .consumer
        .channel(&[WORK, Queue::Work { shard: 7 }], 10)
        .await;
    assert!(missing.is_err());
    roads.publish(TO_WORK, 1).await?;
    assert_eq!(number(&next(&mut deliveries).await?), 1);
    deliveries.close().await;
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_depth_is_what_is_ready_and_a_missing_queue_comes_back() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    for number in 0..3 {
        roads.publish(TO_WORK, number).await?;
    }
    let depth = roads.consumer.depth();
    eventually(SOON, async || match depth.borrow().work() {
        Some(3) => Ok(()),
        seen => Err(seen),
    })
    .await;
    let name = roads.broker.topology().name(Queue::Dead);
    let looking = roads.broker.channel().await?;
    looking
        .queue_delete(name.into(), QueueDeleteOptions::default())
        .await?;
    eventually(SOON, async || roads.broker.ready(Queue::Dead).await).await;
    roads.close().await
}
