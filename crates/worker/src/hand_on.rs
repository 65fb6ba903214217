//! Hands messages on: published with a confirm, and only then acknowledged. A crash between the two makes a duplicate,
//! which the claim in the database makes harmless; the other order would lose the message.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use waybill_common::backoff::FullJitter;
use waybill_common::broker::{Headers, Route};

use crate::engine::Engine;
use crate::outcome::is_outage;
use crate::session::Session;
use crate::taken::Hand;

/// How long a broker that takes nothing is tried before it counts as an outage.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MOST: Duration = Duration::from_secs(1);

/// A message on its way to another queue.
pub(crate) struct Parcel {
    pub(crate) hand: Hand,
    pub(crate) route: Route,
    pub(crate) headers: Headers,
}

impl Engine {
    /// Publishes each message where it shall go and acknowledges what was confirmed. What was not confirmed stays in hand,
    /// to be given back.
    pub(crate) async fn hand_on(&self, session: &Session, parcels: Vec<Parcel>) {
        let publishing: Vec<_> = parcels
            .into_iter()
            .map(|parcel| self.publish(parcel))
            .collect();
        let confirmed = join_all(publishing).await;
        let confirmed = confirmed.into_iter().flatten().collect();
        session.acknowledge(confirmed).await;
    }

    /// The message, if the broker has confirmed its copy.
    async fn publish(&self, parcel: Parcel) -> Option<Hand> {
        let Parcel { hand, route, headers } = parcel;
        let began = Instant::now();
        let mut pauses = FullJitter::new(PAUSE_FIRST, PAUSE_MOST);
        loop {
            let body = hand.delivery.body.clone();
            let published = self
                .publisher
                .publish(route, hand.message_id(), &headers, body)
                .await;
            match published {
                Ok(()) => return Some(hand),
                Err(error) if is_outage(error) && began.elapsed() >= PATIENCE => {
                    self.outage(&anyhow::Error::from(error).context("could not hand a message on"));
                    return None;
                }
                Err(_) if self.breaker.is_open() => return None,
                Err(_) => tokio::time::sleep(pauses.next_wait()).await,
            }
        }
    }
}
