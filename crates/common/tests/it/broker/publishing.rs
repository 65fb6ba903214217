//! A publish is believed when, and only when, RabbitMQ has the message.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use lapin::options::{QueueBindOptions, QueueDeleteOptions, QueuePurgeOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, options::BasicPublishOptions};
use tokio::runtime::Handle;
use tokio::time::Instant;
use uuid::Uuid;
use waybill_common::broker::{Headers, PublishError, PublisherState, Queue, acknowledge};
use waybill_common::config;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::eventually;
use waybill_test_support::proxy::{Proxy, Weather};

use super::{Roads, SOON, TO_WORK, WORK, next, number, numbers, publisher_is};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_delivered_and_gone_when_acknowledged() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    let headers = Headers {
        attempt: 2,
        defer: 3,
        replay: Some(Uuid::now_v7()),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        tracestate: Some("a=1".into()),
    };
    let id = Uuid::now_v7();
    roads
        .publisher
        .publish(TO_WORK, id, &headers, b"7".to_vec())
        .await?;

    let mut deliveries = roads.consume(&[WORK], 10).await;
    let delivery = next(&mut deliveries).await?;
    assert_eq!((number(&delivery), delivery.queue, delivery.shard()), (7, WORK, 0));
    assert_eq!((delivery.message_id, &delivery.headers), (Some(id), &headers));
    assert_eq!((delivery.delivery_count, delivery.redelivered), (0, false));
    assert_eq!(acknowledge(vec![delivery.acker]).await, [true]);
    deliveries.close().await;
    assert_eq!(roads.broker.ready(WORK).await?, 0);
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_while_nothing_has_a_binding() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    let looking = roads.broker.channel().await?;
    for queue in [WORK, Queue::Unrouted] {
        let name = roads.broker.topology().name(queue);
        looking
            .queue_delete(name.into(), QueueDeleteOptions::default())
            .await?;
    }
    let published = join_all((0..60).map(|number| roads.publish(TO_WORK, number))).await;
    assert!(published.contains(&Err(PublishError::Returned)), "{published:?}");
    publisher_is(&roads.publisher, |state| *state == PublisherState::Ready).await?;
    let mut seen = BTreeSet::new();
    eventually(SOON, async || -> Result<(), anyhow::Error> {
        seen.extend(numbers(&roads.broker, WORK).await?);
        seen.extend(numbers(&roads.broker, Queue::Unrouted).await?);
        // All that came back is published again; whatever was believed is certainly there.
        let believed = published
            .iter()
            .zip(0..)
            .filter(|(outcome, _)| outcome.is_ok());
        let missing = believed
            .filter(|(_, number)| !seen.contains(number))
            .count();
        anyhow::ensure!(missing == 0, "{missing} are missing");
        anyhow::ensure!(!seen.is_empty(), "what came back was not published again");
        Ok(())
    })
    .await;
    roads.publish(TO_WORK, 100).await?;
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_exchange_fails_the_channel_and_is_declared_again() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    let prefix = roads.broker.config.prefix.clone();
    let looking = roads.broker.channel().await?;
    looking
        .exchange_delete(prefix.into(), Default::default())
        .await?;
    assert_eq!(roads.publish(TO_WORK, 1).await, Err(PublishError::Disconnected));
    eventually(SOON, async || roads.publish(TO_WORK, 2).await).await;
    // Between the exchange's declaration and its bindings, another channel's publish is kept with the unrouted.
    let mut kept = numbers(&roads.broker, WORK).await?;
    kept.extend(numbers(&roads.broker, Queue::Unrouted).await?);
    assert!(kept.contains(&2), "{kept:?}");
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_an_error() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    // A full queue with `reject-publish` on the same key refuses for both.
    let looking = roads.broker.channel().await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(0));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    let prefix = roads.broker.config.prefix.clone();
    let full = looking
        .queue_declare(
            format!("{prefix}.full").into(),
            lapin::options::QueueDeclareOptions { exclusive: true, ..Default::default() },
            arguments,
        )
        .await?;
    let bound = QueueBindOptions::default();
    looking
        .queue_bind(full.name().clone(), prefix.into(), "0".into(), bound, FieldTable::default())
        .await?;
    assert_eq!(roads.publish(TO_WORK, 1).await, Err(PublishError::Nacked));
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_allowed_in_flight_is_busy_at_once() -> anyhow::Result<()> {
    let broker = TestBroker::new();
    let (proxy, url) = Proxy::before(broker.config.url.expose()).await?;
    let settings = config::Broker { url: url.into(), in_flight_max: 10, ..broker.config.clone() };
    let roads = Roads::open_with(broker, settings).await?;
    proxy.set(Weather::Blackhole);
    let held = async { join_all((0..10).map(|number| roads.publish(TO_WORK, number))).await };
    let one_more = async {
        eventually(SOON, async || match roads.publisher.in_flight() {
            10 => Ok(()),
            seen => Err(seen),
        })
        .await;
        let asked = Instant::now();
        let answer = roads.publish(TO_WORK, 10).await;
        proxy.set(Weather::Fair);
        (answer, asked.elapsed())
    };
    let (held, (answer, after)) = tokio::join!(held, one_more);
    assert_eq!(answer, Err(PublishError::Busy));
    assert!(after < Duration::from_secs(1), "{after:?}");
    assert_eq!(held, vec![Ok(()); 10], "late, but in time");
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_fails_what_is_unconfirmed_and_publishing_goes_on() -> anyhow::Result<()> {
    let broker = TestBroker::new();
    let (proxy, url) = Proxy::before(broker.config.url.expose()).await?;
    let settings = config::Broker { url: url.into(), ..broker.config.clone() };
    let roads = Roads::open_with(broker, settings).await?;
    let mut deliveries = roads.consume(&[WORK], 10).await;
    proxy.set(Weather::Blackhole);
    let unconfirmed =
        async { join_all((0..20).map(|number| roads.publish(TO_WORK, number))).await };
    let cutting = async {
        eventually(SOON, async || match roads.publisher.in_flight() {
            20 => Ok(()),
            seen => Err(seen),
        })
        .await;
        proxy.cut();
        proxy.set(Weather::Fair);
    };
    let (unconfirmed, ()) = tokio::join!(unconfirmed, cutting);
    assert_eq!(unconfirmed, vec![Err(PublishError::Disconnected); 20]);
    let ended = next(&mut deliveries).await;
    assert!(ended.is_err(), "the stream ends with the connection: {ended:?}");
    eventually(SOON, async || roads.publish(TO_WORK, 21).await).await;
    let mut again = roads.consume(&[WORK], 100).await;
    // A publish that failed may have arrived all the same; the one that was confirmed certainly has.
    loop {
        let delivery = next(&mut again).await?;
        assert_eq!(delivery.acker.generation(), 2);
        if number(&delivery) == 21 {
            break;
        }
    }
    again.close().await;
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_confirms_that_come_too_late_leave_nothing_behind() -> anyhow::Result<()> {
    const WANTED: usize = 10_000;
    let broker = TestBroker::new();
    let (proxy, url) = Proxy::before(broker.config.url.expose()).await?;
    let settings =
        config::Broker { url: url.into(), confirm_timeout_ms: 2, ..broker.config.clone() };
    let in_flight_max = settings.in_flight_max;
    let roads = Roads::open_with(broker, settings).await?;
    let before = Handle::current().metrics().num_alive_tasks();
    proxy.set(Weather::Slow(Duration::from_millis(5)));
    let mut late = 0;
    while late < WANTED {
        let burst = (0..500).map(|number| roads.publish(TO_WORK, number));
        let burst = join_all(burst).await;
        late += burst
            .iter()
            .filter(|&&end| end == Err(PublishError::TimedOut))
            .count();
        let alive = Handle::current().metrics().num_alive_tasks();
        assert!(alive <= before + in_flight_max + 10, "{alive} tasks");
        // The channels that were too late are replaced before the next burst.
        eventually(SOON, async || match roads.publish(TO_WORK, 0).await {
            Err(PublishError::TimedOut) if roads.publisher.in_flight() > 0 => Ok(()),
            Ok(()) => Ok(()),
            seen => Err(seen),
        })
        .await;
    }
    proxy.set(Weather::Fair);
    eventually(SOON, async || match roads.publisher.in_flight() {
        0 => Ok(()),
        seen => Err(seen),
    })
    .await;
    eventually(SOON, async || match Handle::current().metrics().num_alive_tasks() {
        alive if alive <= before => Ok(()),
        alive => Err(alive),
    })
    .await;
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_does_not_take_its_publish_along() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    for number in 0..50 {
        let mut publishing = Box::pin(roads.publish(TO_WORK, number));
        assert!(futures_util::poll!(publishing.as_mut()).is_pending());
    }
    assert!(roads.publisher.drain(SOON).await, "drained means confirmed");
    assert_eq!(numbers(&roads.broker, WORK).await?.len(), 50);
    assert_eq!(roads.publish(TO_WORK, 51).await, Err(PublishError::Disconnected));
    roads.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_the_broker_do_not_survive_being_sent_on() -> anyhow::Result<()> {
    let roads = Roads::open(TestBroker::new()).await?;
    let looking = roads.broker.channel().await?;
    let mut headers = FieldTable::default();
    for name in ["x-death", "x-first-death-queue", "x-last-death-reason", "x-delivery-count"] {
        headers.insert(name.into(), AMQPValue::LongString("5".into()));
    }
    headers.insert("waybill-attempt".into(), AMQPValue::LongInt(1));
    let foreign = BasicProperties::default().with_headers(headers);
    let prefix = roads.broker.config.prefix.clone();
    let options = BasicPublishOptions::default();
    looking
        .basic_publish(prefix.into(), "0".into(), options, b"1", foreign)
        .await?;

    let mut deliveries = roads.consume(&[WORK], 10).await;
    let delivery = next(&mut deliveries).await?;
    deliveries.cancel().await;
    let id = Uuid::now_v7();
    roads
        .publisher
        .publish(TO_WORK, id, &delivery.headers, delivery.body)
        .await?;
    assert_eq!(acknowledge(vec![delivery.acker]).await, [true]);
    deliveries.close().await;
    let sent_on = roads.broker.take(WORK).await?.expect("it is there");
    let kept = sent_on.properties.headers().clone().unwrap_or_default();
    // `basic.get` itself adds a count of zero.
    let names: Vec<_> = kept.inner().keys().map(ToString::to_string).collect();
    assert_eq!(names, ["waybill-attempt", "x-delivery-count"]);
    assert_eq!(kept.inner().get("x-delivery-count"), Some(&AMQPValue::LongLongInt(0)));
    let purged = looking
        .queue_purge(roads.broker.topology().name(WORK).into(), QueuePurgeOptions::default());
    assert_eq!(purged.await?, 0);
    roads.close().await
}
