//! What Waybill declares in RabbitMQ: the only place that knows the name of an exchange or a queue (BROKER.md, section 1).
//!
//! Everything is durable; every argument that the safety of a message rests on is set at declaration, and declaring is
//! active, never only passive: arguments that differ close the channel with 406 instead of working differently in silence.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::{
    ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::{Channel, ExchangeKind};
use tokio::time::timeout;

use crate::config;

/// Deliveries after the first before RabbitMQ gives a message up; high, because every clean giving back counts too.
const DELIVERY_LIMIT: i64 = 50;

/// Where a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// To the workers; the shard is chosen by a hash of the event's first reference.
    Work { shard: u16 },
    /// To the workers of that shard, after a while. A delay that is not declared becomes the next longer one.
    Delay { ms: u64, shard: u16 },
    /// To be processed alone.
    Suspect,
    /// Given up.
    Dead,
    /// What ingest tells about how much it accepted.
    Counts,
}

/// A queue, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    Work {
        shard: u16,
    },
    /// Waits and goes back to work; has no consumer.
    Retry {
        ms: u64,
    },
    Suspect,
    Dead,
    Counts,
    /// What no binding wanted: a topology incident.
    Unrouted,
}

#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// A 406 means that it exists with other arguments.
    #[error("could not declare {name}")]
    Refused {
        name: String,
        #[source]
        source: lapin::Error,
    },
    #[error("no answer in time while declaring {name}")]
    TimedOut { name: String },
}

/// The names and arguments of one installation. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Topology {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    prefix: String,
    shards: u16,
    /// Milliseconds, rising.
    delays: Vec<u64>,
    step_timeout: Duration,
}

impl Topology {
    /// The delays are those of the retries and those of the two kinds of deferral.
    #[must_use]
    pub fn new(broker: &config::Broker, retry: &config::Retry) -> Self {
        let mut delays: Vec<u64> = retry
            .delays_seconds
            .iter()
            .map(|seconds| seconds.saturating_mul(1000))
            .chain([retry.defer_ms, retry.unknown_version_ms])
            .collect();
        delays.sort_unstable();
        delays.dedup();
        let inner = Inner {
            prefix: broker.prefix.clone(),
            shards: broker.shards,
            delays,
            step_timeout: Duration::from_millis(broker.connect_timeout_ms),
        };
        Self { inner: Arc::new(inner) }
    }

    /// How many work queues are declared.
    #[must_use]
    pub fn shards(&self) -> u16 {
        self.inner.shards
    }

    /// The queue's name in RabbitMQ: for consuming, for spans and for people.
    #[must_use]
    pub fn name(&self, queue: Queue) -> String {
        let prefix = &self.inner.prefix;
        match queue {
            Queue::Work { shard } => format!("{prefix}.work.v1.{shard}"),
            Queue::Retry { ms } => format!("{prefix}.retry.v1.{ms}"),
            Queue::Suspect => format!("{prefix}.suspect.v1"),
            Queue::Dead => format!("{prefix}.dead.v1"),
            Queue::Counts => format!("{prefix}.counts.v1"),
            Queue::Unrouted => format!("{prefix}.unrouted.v1"),
        }
    }

    /// Every queue that [`declare`](Self::declare) makes.
    #[must_use]
    pub fn queues(&self) -> Vec<Queue> {
        let fixed = [Queue::Unrouted, Queue::Dead, Queue::Suspect, Queue::Counts];
        let work = (0..self.inner.shards).map(|shard| Queue::Work { shard });
        let retry = self.inner.delays.iter().map(|&ms| Queue::Retry { ms });
        fixed.into_iter().chain(work).chain(retry).collect()
    }

    /// Declares everything, in the order in which it refers to each other. Declaring again is a no-op.
    ///
    /// # Errors
    /// Names what was refused (it exists with other arguments, or may not be made) and closes the channel.
    pub async fn declare(&self, channel: &Channel) -> Result<(), TopologyError> {
        for (name, kind) in self.exchanges() {
            let arguments = self.exchange_arguments(&name);
            let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
            let step = channel.exchange_declare(name.as_str().into(), kind, options, arguments);
            self.step(&name, step).await?;
        }
        for queue in self.queues() {
            self.declare_queue(channel, queue).await?;
        }
        Ok(())
    }

    /// Removes everything that [`declare`](Self::declare) makes, with all messages: for tests.
    ///
    /// # Errors
    /// As [`declare`](Self::declare). What is gone already is no error.
    pub async fn delete(&self, channel: &Channel) -> Result<(), TopologyError> {
        for queue in self.queues() {
            let name = self.name(queue);
            let step = channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default());
            self.step(&name, step).await?;
        }
        for (name, _) in self.exchanges().into_iter().rev() {
            let step =
                channel.exchange_delete(name.as_str().into(), ExchangeDeleteOptions::default());
            self.step(&name, step).await?;
        }
        Ok(())
    }

    /// The exchange and the routing key.
    pub(super) fn address(&self, route: Route) -> (ShortString, ShortString) {
        let prefix = &self.inner.prefix;
        match route {
            Route::Work { shard } => (prefix.as_str().into(), shard.to_string().into()),
            Route::Delay { ms, shard } => {
                (self.retry_exchange(self.declared_delay(ms)).into(), shard.to_string().into())
            }
            Route::Suspect => (self.suspect_exchange().into(), ShortString::default()),
            Route::Dead => (self.dead_exchange().into(), ShortString::default()),
            Route::Counts => (self.counts_exchange().into(), ShortString::default()),
        }
    }

    /// The route that leads to this exchange with this key, if it is one of ours.
    pub(super) fn route(&self, exchange: &str, routing_key: &str) -> Option<Route> {
        let rest = exchange.strip_prefix(self.inner.prefix.as_str())?;
        match rest {
            "" => Some(Route::Work { shard: routing_key.parse().ok()? }),
            ".suspect" => Some(Route::Suspect),
            ".dead" => Some(Route::Dead),
            ".counts" => Some(Route::Counts),
            _ => {
                let ms = rest.strip_prefix(".retry.")?.parse().ok()?;
                Some(Route::Delay { ms, shard: routing_key.parse().ok()? })
            }
        }
    }

    fn declared_delay(&self, ms: u64) -> u64 {
        let delays = &self.inner.delays;
        let longer = delays.iter().find(|&&declared| declared >= ms);
        *longer
            .or(delays.last())
            .expect("both kinds of deferral are delays")
    }

    fn exchanges(&self) -> Vec<(String, ExchangeKind)> {
        let mut exchanges = vec![
            (self.unrouted_exchange(), ExchangeKind::Fanout),
            (self.dead_exchange(), ExchangeKind::Fanout),
            (self.suspect_exchange(), ExchangeKind::Fanout),
            (self.counts_exchange(), ExchangeKind::Fanout),
            (self.inner.prefix.clone(), ExchangeKind::Direct),
        ];
        let retry = self
            .inner
            .delays
            .iter()
            .map(|&ms| (self.retry_exchange(ms), ExchangeKind::Fanout));
        exchanges.extend(retry);
        exchanges
    }

    /// Nothing is unroutable: what has no binding goes to the queue of the unrouted.
    fn exchange_arguments(&self, name: &str) -> FieldTable {
        let mut arguments = FieldTable::default();
        let unrouted = self.unrouted_exchange();
        if name != unrouted {
            arguments.insert("alternate-exchange".into(), text(&unrouted));
        }
        arguments
    }

    async fn declare_queue(&self, channel: &Channel, queue: Queue) -> Result<(), TopologyError> {
        let name = self.name(queue);
        let (exchange, key) = self.binding(queue);
        let declared = channel.queue_declare(
            name.as_str().into(),
            QueueDeclareOptions::durable(),
            self.queue_arguments(queue),
        );
        self.step(&name, declared).await?;
        let bound = channel.queue_bind(
            name.as_str().into(),
            exchange.into(),
            key.into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        self.step(&name, bound).await
    }

    fn binding(&self, queue: Queue) -> (String, String) {
        match queue {
            Queue::Work { shard } => (self.inner.prefix.clone(), shard.to_string()),
            Queue::Retry { ms } => (self.retry_exchange(ms), String::new()),
            Queue::Suspect => (self.suspect_exchange(), String::new()),
            Queue::Dead => (self.dead_exchange(), String::new()),
            Queue::Counts => (self.counts_exchange(), String::new()),
            Queue::Unrouted => (self.unrouted_exchange(), String::new()),
        }
    }

    /// No queue has a length limit: a full work queue would hold retries in steps of 180 s. No retry queue has a
    /// dead-letter routing key: the published one, the shard, must survive.
    fn queue_arguments(&self, queue: Queue) -> FieldTable {
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), text("quorum"));
        // Without it, dead lettering silently becomes at-most-once.
        arguments.insert("x-overflow".into(), text("reject-publish"));
        match queue {
            Queue::Work { .. } | Queue::Suspect => {
                arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERY_LIMIT));
                dead_letter(&mut arguments, &self.dead_exchange());
            }
            Queue::Retry { ms } => {
                let ttl = i64::try_from(ms).unwrap_or(i64::MAX);
                arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(ttl));
                dead_letter(&mut arguments, &self.inner.prefix);
            }
            Queue::Dead | Queue::Counts | Queue::Unrouted => {}
        }
        arguments
    }

    fn retry_exchange(&self, ms: u64) -> String {
        format!("{}.retry.{ms}", self.inner.prefix)
    }

    fn suspect_exchange(&self) -> String {
        format!("{}.suspect", self.inner.prefix)
    }

    fn dead_exchange(&self) -> String {
        format!("{}.dead", self.inner.prefix)
    }

    fn counts_exchange(&self) -> String {
        format!("{}.counts", self.inner.prefix)
    }

    fn unrouted_exchange(&self) -> String {
        format!("{}.unrouted", self.inner.prefix)
    }

    async fn step<T>(
        &self,
        name: &str,
        step: impl Future<Output = lapin::Result<T>>,
    ) -> Result<(), TopologyError> {
        match timeout(self.inner.step_timeout, step).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(source)) => Err(TopologyError::Refused { name: name.to_owned(), source }),
            Err(_) => Err(TopologyError::TimedOut { name: name.to_owned() }),
        }
    }
}

fn dead_letter(arguments: &mut FieldTable, exchange: &str) {
    arguments.insert("x-dead-letter-exchange".into(), text(exchange));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}

#[cfg(test)]
mod tests;
