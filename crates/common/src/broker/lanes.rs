//! The channels that publishing goes through, and how they end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, ConnectionStatus};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::connection::{ConnectError, Line, Link};
use super::publisher::PublishError;
use super::returned::Returned;

/// Channels of the publishing connection.
pub(super) const LANES: usize = 4;

/// As many publishes in flight as one channel takes before the next one is used too: lapin looks through all that is
/// unconfirmed on a channel for each acknowledgement of several, and the broker serves few channels with less work than many.
pub(super) const LANE_HOLDS: usize = 128;

/// One channel in confirm mode. It is retired or ends once, for whatever reason, and is then replaced, never repaired.
pub(super) struct Lane {
    pub(super) channel: Channel,
    connection: ConnectionStatus,
    /// Which set of channels it belongs to.
    set: u64,
    ended: CancellationToken,
    reason: OnceLock<PublishError>,
    /// Takes no more publishes; those on it still have their time.
    retired: AtomicBool,
    /// The whole connection is gone: nothing on this channel will ever be confirmed.
    pub(super) lost: CancellationToken,
    incidents: UnboundedSender<Incident>,
}

/// What the supervisor must hear. Bounded by the publishes in flight.
pub(super) enum Incident {
    /// A channel of this set does not work any more.
    LaneEnded { set: u64 },
    /// The topology is broken: nothing wanted this message.
    Returned(Box<Returned>),
}

impl Lane {
    pub(super) async fn open(
        link: &Link,
        line: &Line,
        (set, incidents): (u64, &UnboundedSender<Incident>),
    ) -> Result<Arc<Self>, ConnectError> {
        let channel = link.channel(&line.connection).await?;
        link.step(channel.confirm_select(ConfirmSelectOptions::default()))
            .await?;
        Ok(Arc::new(Self {
            channel,
            connection: line.connection.status().clone(),
            set,
            ended: CancellationToken::new(),
            reason: OnceLock::new(),
            retired: AtomicBool::new(false),
            lost: line.lost.clone(),
            incidents: incidents.clone(),
        }))
    }

    /// Whether the broker refuses publishes: read before each one, since a refused publish is not forgotten but
    /// delivered after the alarm.
    pub(super) fn is_blocked(&self) -> bool {
        self.connection.blocked()
    }

    /// Fails whatever is unconfirmed here. Only the first reason counts.
    pub(super) fn end(&self, reason: PublishError) {
        if self.reason.set(reason).is_ok() {
            self.ended.cancel();
        }
    }

    /// Takes no more publishes and asks for a new channel: a confirm did not come in time here.
    pub(super) fn retire(&self) {
        if !self.retired.swap(true, Ordering::AcqRel) {
            self.report(Incident::LaneEnded { set: self.set });
        }
    }

    /// Ends the channel and asks for a new one.
    pub(super) fn give_up(&self, reason: PublishError) {
        self.end(reason);
        self.report(Incident::LaneEnded { set: self.set });
    }

    pub(super) fn report(&self, incident: Incident) {
        // Without a supervisor there is no connection left to repair.
        drop(self.incidents.send(incident));
    }

    /// Waits for the end and tells why.
    pub(super) async fn ended(&self) -> PublishError {
        self.ended.cancelled().await;
        *self
            .reason
            .get()
            .expect("the reason is set before the token")
    }

    /// Why it takes no publishes.
    pub(super) fn refusal(&self) -> Option<PublishError> {
        let retired = self.retired.load(Ordering::Acquire);
        self.reason
            .get()
            .copied()
            .or(retired.then_some(PublishError::TimedOut))
    }
}
