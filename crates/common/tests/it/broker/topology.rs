//! The declarations do what they promise on the RabbitMQ that is there.

use std::collections::BTreeSet;
use std::error::Error as _;

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use waybill_common::broker::{Queue, Route, Topology, TopologyError, acknowledge};
use waybill_common::config;
use waybill_test_support::broker::TestBroker;

use super::{Roads, TO_WORK, WORK, next, number};

#[tokio::test(flavor = "multi_thread")]
async fn declaring_again_changes_nothing_and_deleting_leaves_nothing() -> anyhow::Result<()> {
    let broker = TestBroker::new();
    broker.declare().await?;
    broker.declare().await?;
    let topology = broker.topology();
    topology.delete(&broker.channel().await?).await?;
    for queue in topology.queues() {
        assert!(broker.ready(queue).await.is_err(), "{} is left", topology.name(queue));
    }
    broker.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_delay_brings_a_message_back_to_its_own_shard() -> anyhow::Result<()> {
    let mut broker = TestBroker::new();
    broker.config.shards = 3;
    let delays = [broker.retry.defer_ms, broker.retry.unknown_version_ms, 1000];
    let roads = Roads::open(broker).await?;
    let mut expected = BTreeSet::new();
    for shard in 0..3 {
        for (place, ms) in delays.into_iter().enumerate() {
            let number = u64::from(shard) * 10 + u64::try_from(place)?;
            roads.publish(Route::Delay { ms, shard }, number).await?;
            expected.insert((shard, number));
        }
    }
    let queues: Vec<_> = (0..3).map(|shard| Queue::Work { shard }).collect();
    let mut deliveries = roads.consume(&queues, 10).await;
    let mut back = BTreeSet::new();
    while back.len() < expected.len() {
        let delivery = next(&mut deliveries).await?;
        assert_eq!(delivery.queue, Queue::Work { shard: delivery.shard() });
        assert_eq!(delivery.route, Some(Route::Work { shard: delivery.shard() }));
        back.insert((delivery.shard(), number(&delivery)));
        assert_eq!(acknowledge(vec![delivery.acker]).await, [true]);
    }
    assert_eq!(back, expected);
    deliveries.close().await;
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_exists_with_other_arguments_is_named() -> anyhow::Result<()> {
    let broker = TestBroker::new();
    let name = broker.topology().name(WORK);
    let plain = QueueDeclareOptions::durable();
    broker
        .channel()
        .await?
        .queue_declare(name.as_str().into(), plain, FieldTable::default())
        .await?;
    let refused = broker.topology().declare(&broker.channel().await?).await;
    let error = refused.expect_err("its type differs");
    assert!(error.to_string().contains(&name), "{error}");
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    assert!(matches!(error, TopologyError::Refused { .. }), "{error:?}");
    assert!(cause.contains("PRECONDITION"), "{cause}");
    broker.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_to_a_shard_that_is_gone_is_kept_with_the_unrouted() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    roads.publish(Route::Work { shard: 5 }, 1).await?;
    let mut deliveries = roads.consume(&[Queue::Unrouted], 10).await;
    let delivery = next(&mut deliveries).await?;
    assert_eq!((number(&delivery), delivery.queue), (1, Queue::Unrouted));
    assert_eq!(delivery.route, Some(Route::Work { shard: 5 }), "it says where it belongs");
    assert_eq!(acknowledge(vec![delivery.acker]).await, [true]);
    deliveries.close().await;
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn suspects_and_the_dead_have_queues_of_their_own() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    for (number, route, queue) in
        [(1, Route::Suspect, Queue::Suspect), (2, Route::Dead, Queue::Dead), (3, TO_WORK, WORK)]
    {
        roads.publish(route, number).await?;
        let taken = roads.broker.take(queue).await?.expect("it is there");
        assert_eq!(taken.data, number.to_string().into_bytes());
    }
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_that_were_taken_away_are_still_worked_off() -> anyhow::Result<()> {
    let broker = TestBroker::new();
    let four = config::Broker { shards: 4, ..broker.config.clone() };
    Topology::new(&four, &broker.retry)
        .declare(&broker.channel().await?)
        .await?;
    let roads = Roads::open(broker).await?;
    roads.publish(Route::Work { shard: 3 }, 1).await?;
    let queues = roads.consumer.work_queues().await?;
    assert_eq!(queues, [0, 1, 2, 3].map(|shard| Queue::Work { shard }));
    let mut deliveries = roads.consume(&queues, 10).await;
    let delivery = next(&mut deliveries).await?;
    assert_eq!((number(&delivery), delivery.shard()), (1, 3));
    assert_eq!(acknowledge(vec![delivery.acker]).await, [true]);
    deliveries.close().await;
    roads.close().await
}
