//! A message that came back because nothing wanted it. It may belong to a publish that was already believed, since lapin
//! can hand a returned message to another publish's confirm; so it is published again until the broker has it.

use lapin::message::BasicReturnMessage;
use uuid::Uuid;

use super::{Headers, Route, Topology};

/// All that is needed to publish it again.
pub(super) struct Returned {
    pub(super) exchange: String,
    pub(super) routing_key: String,
    message_id: Option<String>,
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
}

impl Returned {
    pub(super) fn new(message: BasicReturnMessage) -> Self {
        let delivery = message.delivery;
        let message_id = delivery
            .properties
            .message_id()
            .as_ref()
            .map(ToString::to_string);
        Self {
            exchange: delivery.exchange.to_string(),
            routing_key: delivery.routing_key.to_string(),
            message_id,
            headers: Headers::decode(delivery.properties.headers().as_ref()),
            body: delivery.data,
        }
    }

    /// Where it was going, if it was ours.
    pub(super) fn route(&self, topology: &Topology) -> Option<Route> {
        topology.route(&self.exchange, &self.routing_key)
    }

    pub(super) fn message_id(&self) -> Uuid {
        let id = self.message_id.as_deref();
        id.and_then(|id| Uuid::parse_str(id).ok())
            .unwrap_or_default()
    }
}
