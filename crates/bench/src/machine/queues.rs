//! The bench's own topology on the shared RabbitMQ: filled, looked at, deleted.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use waybill_common::broker::{Headers, Publisher, PublisherState, Queue, Route, Topology, once};
use waybill_common::config;
use waybill_common::shutdown::Shutdown;

use crate::workload::Accepted;

/// As many publishes in flight as pay (more only wait longer).
const IN_FLIGHT: usize = 256;
/// Of AMQP: it is kept when the broker is started again.
const PERSISTENT: u8 = 2;

pub(crate) struct Queues {
    broker: config::Broker,
    topology: Topology,
    connection: Connection,
    /// Only for looking.
    channel: Channel,
    publisher: Publisher,
    shutdown: Shutdown,
    ceiling: String,
    is_deleted: bool,
}

impl Queues {
    /// Connects and declares.
    pub(crate) async fn set_up(broker: &config::Broker) -> anyhow::Result<Self> {
        let topology = Topology::new(broker, &config::Retry::default());
        let properties =
            ConnectionProperties::default().with_connection_name("waybill-bench".into());
        let connection = Connection::connect(broker.url.expose(), properties)
            .await
            .context("RabbitMQ does not answer: see scripts/services")?;
        let channel = connection.create_channel().await?;
        topology.declare(&channel).await?;
        let shutdown = Shutdown::new();
        let publisher = Publisher::start(broker, topology.clone(), &shutdown, "waybill-bench");
        let mut state = publisher.state();
        state
            .wait_for(|state| *state == PublisherState::Ready)
            .await?;
        let ceiling = format!("{}.ceiling", broker.prefix);
        Ok(Self {
            broker: broker.clone(),
            topology,
            connection,
            channel,
            publisher,
            shutdown,
            ceiling,
            is_deleted: false,
        })
    }

    /// Publishes as ingest does.
    pub(crate) async fn fill(&self, webhooks: &[Accepted]) -> anyhow::Result<()> {
        stream::iter(webhooks)
            .map(|webhook| {
                let body = webhook.encoded.clone();
                let route = Route::Work { shard: 0 };
                async move {
                    let id = webhook.envelope.event.webhook_id;
                    self.publisher
                        .publish(route, id, &Headers::default(), body)
                        .await
                }
            })
            .buffer_unordered(IN_FLIGHT)
            .try_collect::<()>()
            .await
            .context("could not fill the work queue")
    }

    /// Messages that wait for a worker.
    pub(crate) async fn waiting(&self) -> anyhow::Result<u64> {
        self.ready(Queue::Work { shard: 0 }).await
    }

    /// # Errors
    /// Where any queue holds a message: it was accepted and has no verdict, or is no message of ours.
    pub(crate) async fn ensure_empty(&self) -> anyhow::Result<()> {
        for queue in self.topology.queues() {
            let ready = self.ready(queue).await?;
            anyhow::ensure!(ready == 0, "{ready} messages are left in {queue:?}");
        }
        Ok(())
    }

    async fn ready(&self, queue: Queue) -> anyhow::Result<u64> {
        let name = self.topology.name(queue);
        let passive = QueueDeclareOptions::default().passive();
        let seen = self
            .channel
            .queue_declare(name.into(), passive, FieldTable::default())
            .await?;
        Ok(seen.message_count().into())
    }

    /// A channel that confirms, and an empty quorum queue beside the topology to publish to.
    pub(crate) async fn raw(&self) -> anyhow::Result<Raw> {
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        let durable = QueueDeclareOptions { durable: true, ..Default::default() };
        let name = self.ceiling.as_str();
        self.channel
            .queue_declare(name.into(), durable, arguments)
            .await?;
        // A connection of its own, as ingest's publisher has.
        let url = self.broker.url.expose();
        let connection = Connection::connect(url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        Ok(Raw { _connection: connection, channel, queue: self.ceiling.clone() })
    }

    pub(crate) async fn drop_raw(&self) -> anyhow::Result<()> {
        let name = self.ceiling.as_str();
        self.channel
            .queue_delete(name.into(), QueueDeleteOptions::default())
            .await?;
        Ok(())
    }

    /// Deletes everything of it.
    pub(crate) async fn clean_up(mut self) -> anyhow::Result<()> {
        self.publisher.drain(Duration::from_secs(5)).await;
        self.shutdown.finish(Duration::from_secs(5)).await;
        delete(&self.broker, &self.topology, &self.ceiling).await?;
        self.is_deleted = true;
        self.connection.close(200, "measured".into()).await?;
        Ok(())
    }
}

impl Drop for Queues {
    /// After an error or an interruption, on a thread and runtime of its own: `drop` cannot wait.
    fn drop(&mut self) {
        if self.is_deleted {
            return;
        }
        let (broker, topology) = (self.broker.clone(), self.topology.clone());
        let ceiling = self.ceiling.clone();
        let deleted = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(delete(&broker, &topology, &ceiling))
        });
        if !matches!(deleted.join(), Ok(Ok(()))) {
            let prefix = &self.broker.prefix;
            writeln!(std::io::stderr(), "the queues {prefix}.* could not be deleted")
                .unwrap_or_default();
        }
    }
}

/// By a connection of its own: whatever ended the run may have ended the others.
async fn delete(broker: &config::Broker, topology: &Topology, ceiling: &str) -> anyhow::Result<()> {
    let once = once::open(broker).await?;
    topology.delete(once.channel()).await?;
    once.channel()
        .queue_delete(ceiling.into(), QueueDeleteOptions::default())
        .await?;
    Ok(())
}

/// A queue, published to without anything around it.
pub(crate) struct Raw {
    _connection: Connection,
    channel: Channel,
    queue: String,
}

impl Raw {
    /// Whether the broker took it.
    pub(crate) async fn publish(&self, body: &[u8]) -> lapin::Result<bool> {
        let properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
        let confirm = self
            .channel
            .basic_publish(
                "".into(),
                self.queue.as_str().into(),
                BasicPublishOptions::default(),
                body,
                properties,
            )
            .await?
            .await?;
        Ok(confirm.is_ack())
    }
}
