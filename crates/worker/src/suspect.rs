//! Messages that were in a worker's hands again and again: they may be what takes workers down, so they are processed
//! alone, away from the others, by a consumer of their own with one message at a time.

use waybill_common::broker::Route;

use crate::engine::Engine;
use crate::hand_on::Parcel;
use crate::session::Session;
use crate::taken::Hand;

impl Engine {
    /// Hands suspects over to their own queue, before anything is done with them.
    pub(crate) async fn suspect(&self, session: &Session, suspects: Vec<Hand>) {
        let parcels = suspects
            .into_iter()
            .map(|hand| {
                self.metrics.suspected();
                tracing::warn!(
                    webhook.id = %hand.message_id(),
                    delivery.count = hand.delivery.delivery_count,
                    "a message that came again and again will be processed alone"
                );
                let headers = hand.headers();
                Parcel { hand, route: Route::Suspect, headers }
            })
            .collect();
        self.hand_on(session, parcels).await;
    }
}
