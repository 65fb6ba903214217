//! One connection for one command, unsupervised: it fails when the broker fails.

use std::time::Duration;

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::time::timeout;

use super::{ConnectError, Depth, Queue, QueueDepth, Topology};
use crate::config;

/// An open channel and the connection that it lives on.
pub struct Once {
    channel: Channel,
    patience: Duration,
    _connection: Connection,
}

/// Connects and opens a channel, each within `broker.connect_timeout_ms`.
///
/// # Errors
/// Says why the broker could not be reached.
pub async fn open(settings: &config::Broker) -> Result<Once, ConnectError> {
    let Ok(uri) = settings.url.expose().parse::<AMQPUri>() else {
        return Err(ConnectError::Url);
    };
    let patience = Duration::from_millis(settings.connect_timeout_ms);
    let opening = async {
        let connection = Connection::connect_uri(uri, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        Ok(Once { channel, patience, _connection: connection })
    };
    match timeout(patience, opening).await {
        Ok(opened) => opened.map_err(ConnectError::Refused),
        Err(_) => Err(ConnectError::TimedOut),
    }
}

impl Once {
    #[must_use]
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// How many messages wait in each queue of work, without declaring anything.
    ///
    /// # Errors
    /// Where the broker does not answer, or a queue is not there; the connection is good for nothing then.
    pub async fn work(&self, topology: &Topology) -> Result<Depth, ConnectError> {
        let mut depth = Depth::default();
        for queue in topology.queues() {
            if !matches!(queue, Queue::Work { .. }) {
                continue;
            }
            let name = topology.name(queue);
            let asked = self.channel.queue_declare(
                name.as_str().into(),
                QueueDeclareOptions::default().passive(),
                FieldTable::default(),
            );
            let seen = timeout(self.patience, asked)
                .await
                .map_err(|_elapsed| ConnectError::TimedOut)?
                .map_err(ConnectError::Refused)?;
            depth.queues.push(QueueDepth {
                queue,
                ready: seen.message_count(),
                consumers: seen.consumer_count(),
            });
        }
        Ok(depth)
    }
}
