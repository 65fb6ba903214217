//! How many messages wait, asked once a second by passive declare: ready ones only, not those in a worker's hand and not
//! those that dead lettering holds (BROKER.md, section 2).

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Channel, Connection};

use super::connection::{ConnectError, Link};
use super::{Queue, Topology};

/// Shards above the configured ones that are looked for after the last one found.
const SHARD_GAP: u16 = 2;

/// What was seen at the last look; empty while the broker is away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    pub queues: Vec<QueueDepth>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueDepth {
    pub queue: Queue,
    pub ready: u32,
    pub consumers: u32,
}

impl Depth {
    /// Messages ready for workers, over all shards; absent: not known.
    #[must_use]
    pub fn work(&self) -> Option<u64> {
        let ready = || self.shards().map(|(_, ready)| u64::from(ready)).sum();
        (!self.queues.is_empty()).then(ready)
    }

    /// The same by shard.
    pub fn shards(&self) -> impl Iterator<Item = (u16, u32)> {
        self.queues.iter().filter_map(|depth| {
            let Queue::Work { shard } = depth.queue else { return None };
            Some((shard, depth.ready))
        })
    }

    #[must_use]
    pub fn of(&self, queue: Queue) -> Option<QueueDepth> {
        self.queues
            .iter()
            .find(|depth| depth.queue == queue)
            .copied()
    }
}

/// A channel for looking: asking for a queue that is not there closes it.
pub(super) struct Probe<'a> {
    link: &'a Link,
    connection: &'a Connection,
    channel: Channel,
}

impl<'a> Probe<'a> {
    pub(super) async fn open(
        link: &'a Link,
        connection: &'a Connection,
    ) -> Result<Self, ConnectError> {
        let channel = link.channel(connection).await?;
        Ok(Self { link, connection, channel })
    }

    /// Looks at these queues. A missing one of ours is a topology incident: everything is declared again. A higher shard
    /// may go.
    pub(super) async fn look(&mut self, queues: &[Queue]) -> Result<Depth, ConnectError> {
        let mut depth = Depth::default();
        for &queue in queues {
            match self.ask(queue).await? {
                Some(seen) => depth.queues.push(seen),
                None if is_higher(&self.link.topology, queue) => {}
                None => {
                    let name = self.link.topology.name(queue);
                    tracing::error!(queue = name, "topology incident: a queue was gone");
                    self.link.declare(self.connection).await?;
                }
            }
        }
        Ok(depth)
    }

    /// The shards above the configured ones that still exist: what is left in them must be worked off.
    pub(super) async fn higher_shards(&mut self) -> Result<Vec<Queue>, ConnectError> {
        let mut found = Vec::new();
        let (mut shard, mut missing) = (self.link.topology.shards(), 0);
        while missing < SHARD_GAP {
            let queue = Queue::Work { shard };
            match self.ask(queue).await? {
                Some(_) => {
                    found.push(queue);
                    missing = 0;
                }
                None => missing += 1,
            }
            let Some(next) = shard.checked_add(1) else { break };
            shard = next;
        }
        Ok(found)
    }

    /// Absent: there is no such queue.
    async fn ask(&mut self, queue: Queue) -> Result<Option<QueueDepth>, ConnectError> {
        let name = self.link.topology.name(queue);
        let asked = self.channel.queue_declare(
            name.as_str().into(),
            QueueDeclareOptions::default().passive(),
            FieldTable::default(),
        );
        match self.link.step(asked).await {
            Ok(seen) => Ok(Some(QueueDepth {
                queue,
                ready: seen.message_count(),
                consumers: seen.consumer_count(),
            })),
            Err(ConnectError::Refused(error)) if error.is_amqp_soft_error() => {
                self.channel = self.link.channel(self.connection).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Every queue that is looked at: what is declared, and the higher shards that were found.
pub(super) fn watched(topology: &Topology, higher: &[Queue]) -> Vec<Queue> {
    let mut queues = topology.queues();
    queues.extend_from_slice(higher);
    queues
}

fn is_higher(topology: &Topology, queue: Queue) -> bool {
    matches!(queue, Queue::Work { shard } if shard >= topology.shards())
}
