//! Consuming: one supervised connection that never publishes, and channels on it.
//!
//! A connection is blocked by its first publish under an alarm; one that never publishes is never blocked, so its
//! acknowledgements go on and relieve the broker. Depths are probed on it too, for the same reason.

use std::sync::Arc;

use futures_util::StreamExt as _;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, Event};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::connection::{ConnectError, LOOK_EVERY, Link, Role, Session, chain, supervise};
use super::deliveries::Deliveries;
use super::depth::{Depth, Probe, watched};
use super::{Queue, Topology};
use crate::config;
use crate::shutdown::Shutdown;

/// A part of the prefetch: so much of it may be finished and wait for lower tags to be acknowledged with them.
const ROOM_TO_WAIT: usize = 3;

#[derive(Debug, thiserror::Error)]
pub enum ConsumeError {
    #[error("the broker is away")]
    Disconnected,
    #[error("the broker closed the channel")]
    Refused(#[source] lapin::Error),
    #[error("could not open a consuming channel")]
    Open(#[source] ConnectError),
}

/// What consuming is up to, for readiness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerState {
    /// And why.
    Disconnected(String),
    Ready,
}

/// A handle on the consuming connection; clones share it. The connection ends with the last handle, or when it is
/// [closed](Self::close).
#[derive(Clone)]
pub struct Consumer {
    link: Arc<Link>,
    live: watch::Receiver<Option<Arc<Live>>>,
    state: watch::Receiver<ConsumerState>,
    depth: watch::Receiver<Depth>,
    stop: CancellationToken,
    _last: Arc<DropGuard>,
}

/// The connection of the moment.
struct Live {
    connection: Arc<Connection>,
    /// Counts connections from 1.
    generation: u64,
    lost: CancellationToken,
}

impl Consumer {
    /// Starts connecting and returns at once. To be called on the service's main runtime.
    #[must_use]
    pub fn start(
        broker: &config::Broker,
        topology: Topology,
        shutdown: &Shutdown,
        name: &str,
    ) -> Self {
        let stop = CancellationToken::new();
        let link = Arc::new(Link::new(broker, topology, format!("{name} consumes")));
        let (live, live_seen) = watch::channel(None);
        let waiting = ConsumerState::Disconnected("not connected yet".into());
        let (state, state_seen) = watch::channel(waiting);
        let (depth, depth_seen) = watch::channel(Depth::default());
        let keeper = Keeper {
            link: Arc::clone(&link),
            live,
            state,
            depth,
            generation: 0,
            stop: stop.clone(),
        };
        shutdown.spawn(supervise(Arc::clone(&link), stop.clone(), keeper));
        Self {
            link,
            live: live_seen,
            state: state_seen,
            depth: depth_seen,
            stop: stop.clone(),
            _last: Arc::new(stop.drop_guard()),
        }
    }

    /// Consumes these queues on a channel of its own, at most `prefetch` unacknowledged from each, a third of it finished and
    /// waiting to be acknowledged with lower tags. Waits for a connection
    /// as long as connecting may take. A queue that is gone is declared again.
    ///
    /// # Errors
    /// When the broker is away or refuses; try again after a while.
    pub async fn channel(
        &self,
        queues: &[Queue],
        prefetch: u16,
    ) -> Result<Deliveries, ConsumeError> {
        let live = self.live().await?;
        match self.consume(&live, queues, prefetch).await {
            Err(ConnectError::Refused(error)) if error.is_amqp_soft_error() => {
                self.link
                    .declare(&live.connection)
                    .await
                    .map_err(ConsumeError::Open)?;
                self.consume(&live, queues, prefetch).await
            }
            consumed => consumed,
        }
        .map_err(ConsumeError::Open)
    }

    /// The work queues: those of the configured shards, and any higher one that still exists.
    ///
    /// # Errors
    /// When the broker is away.
    pub async fn work_queues(&self) -> Result<Vec<Queue>, ConsumeError> {
        let live = self.live().await?;
        let mut probe = Probe::open(&self.link, &live.connection)
            .await
            .map_err(ConsumeError::Open)?;
        let higher = probe.higher_shards().await.map_err(ConsumeError::Open)?;
        let configured = (0..self.link.topology.shards()).map(|shard| Queue::Work { shard });
        Ok(configured.chain(higher).collect())
    }

    #[must_use]
    pub fn state(&self) -> watch::Receiver<ConsumerState> {
        self.state.clone()
    }

    /// How many messages wait, looked at once a second.
    #[must_use]
    pub fn depth(&self) -> watch::Receiver<Depth> {
        self.depth.clone()
    }

    /// Closes the connection; what was not acknowledged is given back.
    pub fn close(&self) {
        self.stop.cancel();
    }

    async fn live(&self) -> Result<Arc<Live>, ConsumeError> {
        let mut seen = self.live.clone();
        let connected = seen.wait_for(Option::is_some);
        match timeout(self.link.step_timeout, connected).await {
            Ok(Ok(live)) => live.clone().ok_or(ConsumeError::Disconnected),
            Ok(Err(_)) | Err(_) => Err(ConsumeError::Disconnected),
        }
    }

    async fn consume(
        &self,
        live: &Live,
        queues: &[Queue],
        prefetch: u16,
    ) -> Result<Deliveries, ConnectError> {
        let channel = self.link.channel(&live.connection).await?;
        // Per consumer: a limit for the whole channel is not implemented for quorum queues.
        self.link
            .step(channel.basic_qos(prefetch, BasicQosOptions { global: false }))
            .await?;
        let mut consuming = Vec::with_capacity(queues.len());
        for &queue in queues {
            consuming.push((queue, self.begin(&channel, queue).await?));
        }
        let topology = self.link.topology.clone();
        let origin = (live.generation, &live.lost);
        let patience = usize::from(prefetch) / ROOM_TO_WAIT;
        Ok(Deliveries::new(channel, consuming, topology, origin, patience))
    }

    async fn begin(
        &self,
        channel: &Channel,
        queue: Queue,
    ) -> Result<lapin::Consumer, ConnectError> {
        let begun = channel.basic_consume(
            self.link.topology.name(queue).into(),
            ShortString::default(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        self.link.step(begun).await
    }
}

/// The supervisor's side.
struct Keeper {
    link: Arc<Link>,
    live: watch::Sender<Option<Arc<Live>>>,
    state: watch::Sender<ConsumerState>,
    depth: watch::Sender<Depth>,
    generation: u64,
    stop: CancellationToken,
}

impl Keeper {
    fn announce(&mut self, session: &Session) {
        self.generation += 1;
        self.live.send_replace(Some(Arc::new(Live {
            connection: Arc::clone(&session.line.connection),
            generation: self.generation,
            lost: session.line.lost.clone(),
        })));
        self.state.send_replace(ConsumerState::Ready);
    }

    /// Looks at the depths until the connection fails. A look without an answer is the end of it too.
    async fn watch(&self, session: &mut Session) -> Result<(), ConnectError> {
        let connection = Arc::clone(&session.line.connection);
        let mut probe = Probe::open(&self.link, &connection).await?;
        let higher = probe.higher_shards().await?;
        let queues = watched(&self.link.topology, &higher);
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = look.tick() => {
                    self.depth.send_replace(probe.look(&queues).await?);
                }
                event = session.events.next() => match event {
                    // A channel's end, not the connection's: the probe that asked for a missing queue opens another.
                    Some(Event::Error(error)) if error.is_amqp_soft_error() => {}
                    Some(Event::Error(error)) => return Err(ConnectError::Refused(error)),
                    None => return Ok(()),
                    Some(_) => {}
                },
            }
        }
    }
}

impl Role for Keeper {
    async fn drive(&mut self, session: &mut Session) -> String {
        self.announce(session);
        let stop = self.stop.clone();
        tokio::select! {
            () = stop.cancelled() => "no longer wanted".into(),
            watched = self.watch(session) => match watched {
                Ok(()) => "the connection ended".into(),
                Err(error) => chain(&error),
            },
        }
    }

    fn disconnected(&mut self, reason: &str) {
        self.live.send_replace(None);
        self.depth.send_replace(Depth::default());
        self.state
            .send_replace(ConsumerState::Disconnected(reason.to_owned()));
    }
}
