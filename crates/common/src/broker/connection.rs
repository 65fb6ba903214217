//! A supervised connection: connected, declared, watched, and all that again for as long as it is wanted.
//!
//! lapin's own recovery is not used: it gives up after 16 tries and has no jitter. Here nothing gives up, and services
//! that lost the broker together do not come back together. Every step has a deadline of its own, because lapin has none.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, Event};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{Topology, TopologyError};
use crate::backoff::FullJitter;
use crate::config::{self, SecretText};

const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_MOST: Duration = Duration::from_secs(5);
/// For a polite goodbye; a dead connection is dropped after that.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How often a connection is looked at, besides its own events.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("broker.url is not an AMQP URL")]
    Url,
    #[error("could not connect to the broker")]
    Refused(#[source] lapin::Error),
    #[error("no answer from the broker in time")]
    TimedOut,
    #[error("could not declare the topology")]
    Topology(#[source] TopologyError),
}

/// How to connect, and what to declare then.
#[derive(Debug)]
pub(super) struct Link {
    url: SecretText,
    /// As RabbitMQ's own tools show it.
    name: String,
    heartbeat_seconds: u16,
    pub(super) topology: Topology,
    /// For each step of connecting.
    pub(super) step_timeout: Duration,
}

/// One connection, from its first breath to its last.
pub(super) struct Session {
    pub(super) line: Line,
    /// The only listener: two would share the events between them.
    pub(super) events: BoxStream<'static, Event>,
}

#[derive(Clone)]
pub(super) struct Line {
    pub(super) connection: Arc<Connection>,
    /// Cancelled when the connection is given up.
    pub(super) lost: CancellationToken,
}

/// What is done with a connection while it lives.
pub(super) trait Role: Send {
    /// Uses the connection until it is lost or no longer wanted; says why it ended.
    fn drive(&mut self, session: &mut Session) -> impl Future<Output = String> + Send;

    /// There is no connection now.
    fn disconnected(&mut self, reason: &str);
}

impl Link {
    pub(super) fn new(broker: &config::Broker, topology: Topology, name: String) -> Self {
        Self {
            url: broker.url.clone(),
            name,
            heartbeat_seconds: broker.heartbeat_seconds,
            topology,
            step_timeout: Duration::from_millis(broker.connect_timeout_ms),
        }
    }

    async fn connect(&self) -> Result<Session, ConnectError> {
        let Ok(mut uri) = self.url.expose().parse::<AMQPUri>() else {
            return Err(ConnectError::Url);
        };
        uri.query.heartbeat = Some(self.heartbeat_seconds);
        let properties =
            ConnectionProperties::default().with_connection_name(self.name.as_str().into());
        let connection = self.step(Connection::connect_uri(uri, properties)).await?;
        let events = connection.events_listener().boxed();
        let line = Line { connection: Arc::new(connection), lost: CancellationToken::new() };
        self.declare(&line.connection).await?;
        Ok(Session { line, events })
    }

    /// Declares the topology on a channel of its own, which an error would close.
    pub(super) async fn declare(&self, connection: &Connection) -> Result<(), ConnectError> {
        let channel = self.channel(connection).await?;
        self.topology
            .declare(&channel)
            .await
            .map_err(ConnectError::Topology)
    }

    pub(super) async fn channel(&self, connection: &Connection) -> Result<Channel, ConnectError> {
        self.step(connection.create_channel()).await
    }

    pub(super) async fn step<T>(
        &self,
        step: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, ConnectError> {
        match timeout(self.step_timeout, step).await {
            Ok(answer) => answer.map_err(ConnectError::Refused),
            Err(_) => Err(ConnectError::TimedOut),
        }
    }
}

/// Keeps the role connected until `stop`.
pub(super) async fn supervise(link: Arc<Link>, stop: CancellationToken, mut role: impl Role) {
    let mut waits = FullJitter::new(WAIT_FIRST, WAIT_MOST);
    loop {
        let connected = tokio::select! {
            connected = link.connect() => connected,
            () = stop.cancelled() => return,
        };
        match connected {
            Ok(session) => {
                if live(&link, session, &mut role).await > WAIT_MOST {
                    waits.reset();
                }
            }
            Err(error) => {
                let reason = chain(&error);
                tracing::warn!(connection = link.name, reason, "could not reach the broker");
                role.disconnected(&reason);
            }
        }
        tokio::select! {
            () = sleep(waits.next_wait()) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// One connection's life; returns how long it was.
async fn live(link: &Link, mut session: Session, role: &mut impl Role) -> Duration {
    let since = Instant::now();
    tracing::info!(connection = link.name, "connected to the broker");
    let reason = role.drive(&mut session).await;
    session.line.lost.cancel();
    role.disconnected(&reason);
    tracing::info!(connection = link.name, reason, "left the broker");
    // Whether it says goodbye or is dead already makes no difference to us.
    drop(timeout(CLOSE_TIMEOUT, session.line.connection.close(200, "bye".into())).await);
    since.elapsed()
}

/// The error and its causes on one line.
pub(super) fn chain(error: &ConnectError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
