//! What no binding wanted: the topology was broken. It is declared again, and the messages go where they belong.

use waybill_common::broker::Route;

use crate::engine::Engine;
use crate::hand_on::Parcel;
use crate::session::Session;
use crate::taken::Taken;

impl Engine {
    /// Sends a stranded message on: dead ones and counts to their own kind, the rest to work, by the shard that it belongs to today.
    pub(crate) async fn reroute(&self, session: &Session, taken: Taken) {
        self.metrics.unrouted();
        let route = match (taken.hand().delivery.route, &taken) {
            (Some(aside @ (Route::Dead | Route::Counts)), _) => aside,
            (_, Taken::Webhook(event)) => Route::Work { shard: self.shard(event) },
            (_, Taken::Newer { .. } | Taken::Malformed { .. }) => Route::Work { shard: 0 },
        };
        let hand = taken.into_hand();
        tracing::error!(
            webhook.id = %hand.message_id(),
            "topology incident: a message was not routed; it is published again"
        );
        let headers = hand.headers();
        self.hand_on(session, vec![Parcel { hand, route, headers }])
            .await;
    }
}
