//! One connection for one command, unsupervised: it fails when the broker fails.

use std::time::Duration;

use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::time::timeout;

use super::ConnectError;
use crate::config;

/// An open channel and the connection that it lives on.
pub struct Once {
    channel: Channel,
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
        Ok(Once { channel, _connection: connection })
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
}
