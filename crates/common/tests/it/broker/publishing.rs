//! A publish is believed when, and only when, RabbitMQ has the message.

use waybill_common::broker::{Queue, Route, acknowledge};
use waybill_test_support::broker::TestBroker;

use super::{Roads, next, number};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_delivered_and_gone_when_acknowledged() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    roads.publish(Route::Work { shard: 0 }, 7).await?;

    let queue = Queue::Work { shard: 0 };
    let mut deliveries = roads.consumer.channel(&[queue], 10).await?;
    let delivery = next(&mut deliveries).await?;
    assert_eq!((number(&delivery), delivery.queue, delivery.shard()), (7, queue, 0));
    assert_eq!((delivery.delivery_count, delivery.redelivered), (0, false));
    assert_eq!(acknowledge(vec![delivery.acker]).await, [true]);
    deliveries.close().await;
    assert_eq!(roads.broker.ready(queue).await?, 0);
    roads.close().await
}
