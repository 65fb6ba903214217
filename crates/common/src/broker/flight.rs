//! One publish on its way. Its confirm is always waited for by somebody: a confirm that is dropped unresolved stays in
//! lapin's memory for as long as its channel lives.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Confirmation};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

use super::lanes::{Incident, Lane};
use super::publisher::PublishError;
use super::returned::Returned;
use crate::shutdown::Shutdown;

/// Survives a crash of the broker (AMQP 0-9-1, `delivery-mode`).
const PERSISTENT: u8 = 2;

/// What is written to the broker.
pub(super) struct Message {
    pub(super) exchange: ShortString,
    pub(super) routing_key: ShortString,
    pub(super) properties: BasicProperties,
    pub(super) body: Vec<u8>,
}

/// Where flights go on when their caller has left.
#[derive(Clone)]
pub(super) struct Hangar {
    /// The runtime that outlives the callers': an actix worker's ends before its last confirm.
    pub(super) runtime: Handle,
    pub(super) shutdown: Shutdown,
    pub(super) confirm_timeout: Duration,
}

/// What is done when a confirm comes after its publish was given up.
pub(super) type Late = Box<dyn FnOnce() + Send>;

/// A publish and its confirm. Dropped before its end, it goes on in a task of its own.
pub(super) struct Flight<'a, F: Future<Output = Result<(), PublishError>> + Send + 'static> {
    confirming: Option<Pin<Box<F>>>,
    lane: Arc<Lane>,
    permit: Option<OwnedSemaphorePermit>,
    hangar: &'a Hangar,
    late: Option<Late>,
}

impl Message {
    pub(super) fn persistent(
        (exchange, routing_key): (ShortString, ShortString),
        properties: BasicProperties,
        body: Vec<u8>,
    ) -> Self {
        let properties = properties
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/json".into());
        Self { exchange, routing_key, properties, body }
    }
}

/// Publishes and waits for the broker's word, without a deadline.
pub(super) async fn confirm(lane: Arc<Lane>, message: Message) -> Result<(), PublishError> {
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let Message { exchange, routing_key, properties, body } = message;
    let published = lane
        .channel
        .basic_publish(exchange, routing_key, options, &body, properties)
        .await;
    let confirmed = match published {
        Ok(confirm) => confirm.await,
        Err(error) => Err(error),
    };
    judge(&lane, confirmed)
}

/// Only a bare ack is a yes.
fn judge(lane: &Lane, confirmed: lapin::Result<Confirmation>) -> Result<(), PublishError> {
    match confirmed {
        Ok(Confirmation::Ack(None)) => Ok(()),
        Ok(Confirmation::Nack(None)) => Err(PublishError::Nacked),
        // Whose message this really is cannot be told: nothing unconfirmed on this channel is believed.
        Ok(Confirmation::Ack(Some(message)) | Confirmation::Nack(Some(message))) => {
            lane.end(PublishError::Returned);
            lane.report(Incident::Returned(Box::new(Returned::new(message))));
            Err(PublishError::Returned)
        }
        // The channel is not in confirm mode: it can promise nothing.
        Ok(Confirmation::NotRequested) => {
            lane.give_up(PublishError::Disconnected);
            Err(PublishError::Disconnected)
        }
        Err(error) => {
            tracing::warn!(error = %error, "a publishing channel failed");
            lane.give_up(PublishError::Disconnected);
            Err(PublishError::Disconnected)
        }
    }
}

impl<'a, F: Future<Output = Result<(), PublishError>> + Send + 'static> Flight<'a, F> {
    pub(super) fn new(
        lane: Arc<Lane>,
        permit: OwnedSemaphorePermit,
        hangar: &'a Hangar,
        confirming: F,
    ) -> Self {
        let confirming = Some(Box::pin(confirming));
        Self { confirming, lane, permit: Some(permit), hangar, late: None }
    }

    /// With something to do when the confirm comes too late.
    pub(super) fn or_late(mut self, late: Option<Late>) -> Self {
        self.late = late;
        self
    }

    /// The answer within the confirm timeout; at once if the channel ends before.
    pub(super) async fn answer(mut self) -> Result<(), PublishError> {
        let confirming = self.confirming.as_mut().expect("taken only at the end");
        tokio::select! {
            // First, so that an ack that came together with a return is not believed.
            biased;
            reason = self.lane.ended() => Err(reason),
            answer = confirming => {
                self.confirming = None;
                answer
            }
            () = sleep(self.hangar.confirm_timeout) => Err(late(&self.lane)),
        }
    }
}

/// No confirm in time. A blocked connection is not at fault; otherwise the channel is not trusted with more.
fn late(lane: &Lane) -> PublishError {
    if lane.is_blocked() {
        return PublishError::Blocked;
    }
    lane.retire();
    PublishError::TimedOut
}

impl<F: Future<Output = Result<(), PublishError>> + Send + 'static> Drop for Flight<'_, F> {
    fn drop(&mut self) {
        let Some(confirming) = self.confirming.take() else {
            return;
        };
        let lane = Arc::clone(&self.lane);
        let permit = self.permit.take();
        let patience = self.hangar.confirm_timeout;
        let late = self.late.take();
        let _entered = self.hangar.runtime.enter();
        self.hangar.shutdown.spawn(async move {
            tokio::select! {
                answer = confirming => if let (Ok(()), Some(late)) = (answer, late) {
                    late();
                },
                () = lane.lost.cancelled() => {}
                () = impatience(&lane, patience) => {}
            }
            drop(permit);
        });
    }
}

/// Ends the waiting for a confirm that nobody else waits for; never while the broker blocks us, when it will still come.
/// What is dropped then stays with its channel, which is retired and goes with its last flight.
async fn impatience(lane: &Lane, patience: Duration) {
    sleep(patience).await;
    while lane.is_blocked() {
        sleep(patience).await;
    }
    lane.retire();
}
