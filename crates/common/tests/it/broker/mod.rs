//! RabbitMQ as it is: topology, publishing, consuming.

mod consuming;
mod faults;
mod publishing;
mod topology;

use std::time::Duration;

use anyhow::Context as _;
use futures_util::StreamExt as _;
use uuid::Uuid;
use waybill_common::broker::{
    Consumer, Deliveries, Delivery, Headers, PublishError, Publisher, PublisherState, Queue, Route,
};
use waybill_common::config;
use waybill_common::shutdown::Shutdown;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::eventually;

/// For what is a matter of milliseconds on an idle machine.
const SOON: Duration = Duration::from_secs(20);
const WORK: Queue = Queue::Work { shard: 0 };
const TO_WORK: Route = Route::Work { shard: 0 };

/// A test's own topology with both roads to it.
struct Roads {
    broker: TestBroker,
    publisher: Publisher,
    consumer: Consumer,
    shutdown: Shutdown,
}

impl Roads {
    async fn open(broker: TestBroker) -> anyhow::Result<Self> {
        let settings = broker.config.clone();
        Self::open_with(broker, settings).await
    }

    /// By another way than the one the test looks by.
    async fn open_with(broker: TestBroker, settings: config::Broker) -> anyhow::Result<Self> {
        let (shutdown, topology) = (Shutdown::new(), broker.topology());
        let publisher = Publisher::start(&settings, topology.clone(), &shutdown, "test");
        let consumer = Consumer::start(&settings, topology, &shutdown, "test");
        publisher_is(&publisher, |state| *state == PublisherState::Ready).await?;
        Ok(Self { broker, publisher, consumer, shutdown })
    }

    /// Publishes a numbered message and waits for its confirm.
    async fn publish(&self, route: Route, number: u64) -> Result<(), PublishError> {
        let body = number.to_string().into_bytes();
        let headers = Headers::default();
        self.publisher
            .publish(route, Uuid::now_v7(), &headers, body)
            .await
    }

    /// Consumes these queues. The consumer has a connection of its own, which may be found again later than the publisher's.
    async fn consume(&self, queues: &[Queue], prefetch: u16) -> Deliveries {
        eventually(SOON, async || self.consumer.channel(queues, prefetch).await).await
    }

    /// Stops everything and asserts that it stops.
    async fn close(self) -> anyhow::Result<()> {
        let Self { broker, publisher, consumer, shutdown } = self;
        assert!(publisher.drain(SOON).await, "something was left unconfirmed");
        consumer.close();
        assert!(shutdown.finish(SOON).await, "a task did not end");
        broker.finish().await
    }
}

async fn publisher_is(
    publisher: &Publisher,
    wanted: impl FnMut(&PublisherState) -> bool,
) -> anyhow::Result<()> {
    let mut state = publisher.state();
    tokio::time::timeout(SOON, state.wait_for(wanted))
        .await
        .with_context(|| format!("the publisher is {:?}", *publisher.state().borrow()))??;
    Ok(())
}

/// The next delivery.
async fn next(deliveries: &mut Deliveries) -> anyhow::Result<Delivery> {
    let next = tokio::time::timeout(SOON, deliveries.next()).await?;
    Ok(next.context("the stream ended")??)
}

fn number(delivery: &Delivery) -> u64 {
    let body = String::from_utf8_lossy(&delivery.body);
    body.parse().expect("tests publish numbers")
}

/// Takes everything out of a queue, in the order it is in.
async fn numbers(broker: &TestBroker, queue: Queue) -> anyhow::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    while let Some(message) = broker.take(queue).await? {
        numbers.push(String::from_utf8_lossy(&message.data).parse()?);
    }
    Ok(numbers)
}
