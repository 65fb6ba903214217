//! One hand-over of a message by RabbitMQ, and the word that ends it.

use std::time::Duration;

use futures_util::future::join_all;
use lapin::message::Delivery as Delivered;
use lapin::options::BasicAckOptions;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::headers::delivery_count;
use super::{Headers, Queue, Route, Topology};

/// An acknowledgement is only written, never answered; longer means that the connection is stuck.
const ACK_TIMEOUT: Duration = Duration::from_secs(3);

/// A message in hand. It comes again unless its [`Acker`] is acknowledged.
#[derive(Debug)]
pub struct Delivery {
    pub body: Vec<u8>,
    pub headers: Headers,
    pub message_id: Option<Uuid>,
    /// Times it was given back before: 0 the first time.
    pub delivery_count: u32,
    pub redelivered: bool,
    /// The queue it came from.
    pub queue: Queue,
    /// Where it was sent, if that was one of our exchanges: tells where an unrouted message belongs.
    pub route: Option<Route>,
    pub acker: Acker,
}

/// The right to acknowledge one delivery on the channel that it came from, while that lives.
#[derive(Debug)]
pub struct Acker {
    inner: lapin::Acker,
    pub(super) tag: u64,
    /// Of the connection; an older one's deliveries are not ours any more.
    generation: u64,
    closed: CancellationToken,
}

impl Delivery {
    pub(super) fn new(
        delivered: Delivered,
        (queue, topology): (Queue, &Topology),
        (generation, closed): (u64, &CancellationToken),
    ) -> Self {
        let properties = &delivered.properties;
        let id = properties.message_id().as_ref();
        let acker = Acker {
            inner: delivered.acker,
            tag: delivered.delivery_tag,
            generation,
            closed: closed.clone(),
        };
        Self {
            headers: Headers::decode(properties.headers().as_ref()),
            message_id: id.and_then(|id| Uuid::parse_str(id.as_str()).ok()),
            delivery_count: delivery_count(properties.headers().as_ref()),
            redelivered: delivered.redelivered,
            queue,
            route: topology.route(delivered.exchange.as_str(), delivered.routing_key.as_str()),
            body: delivered.data,
            acker,
        }
    }

    /// The shard that it belongs to, by its queue or by the key it was sent with; 0 if neither knows.
    #[must_use]
    pub fn shard(&self) -> u16 {
        match (self.queue, self.route) {
            (Queue::Work { shard }, _)
            | (_, Some(Route::Work { shard } | Route::Delay { shard, .. })) => shard,
            _ => 0,
        }
    }
}

impl Acker {
    /// Which connection it belongs to, counted from 1.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether an acknowledgement can still arrive.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !self.closed.is_cancelled() && self.inner.usable()
    }

    /// Whether the acknowledgement was written. `false`: the message will come again.
    pub(super) async fn ack(&self, multiple: bool) -> bool {
        if !self.is_usable() {
            return false;
        }
        let acked = self.inner.ack(BasicAckOptions { multiple });
        matches!(timeout(ACK_TIMEOUT, acked).await, Ok(Ok(true)))
    }
}

/// Acknowledges each by itself, all at once; in any order. Says for each whether it was acknowledged: what was not comes
/// again, on this or another worker.
pub async fn acknowledge(ackers: Vec<Acker>) -> Vec<bool> {
    join_all(ackers.iter().map(|acker| acker.ack(false))).await
}
