//! Publishing: persistent, mandatory, and believed only when the broker confirms it.
//!
//! A publish takes one of a bounded number of permits, goes out on the first of a few channels that has room, and waits
//! for its confirm at most the configured time. Every other end is an error, and an error never means "not sent": the message
//! may arrive all the same, and the deduplication copes. A channel that fails or falls silent is replaced; a message that
//! comes back means that the topology is broken, so it is declared again and the message published again.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use lapin::BasicProperties;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::connection::{Link, supervise};
use super::flight::{Flight, Hangar, Late, Message, confirm};
use super::foreman::Foreman;
use super::lanes::{LANE_HOLDS, Lane};
use super::returned::Returned;
use super::{Headers, Route, Topology};
use crate::backoff::FullJitter;
use crate::config;
use crate::shutdown::Shutdown;

const REPUBLISH_FIRST: Duration = Duration::from_millis(50);
const REPUBLISH_MOST: Duration = Duration::from_secs(5);

/// Why a publish is not known to have been accepted. It may have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Memory or disk alarm.
    #[error("the broker refuses publishes for now")]
    Blocked,
    /// No connection, or it was lost before the confirm.
    #[error("the broker is away")]
    Disconnected,
    #[error("the broker refused the message")]
    Nacked,
    /// The topology is broken; it is being declared again.
    #[error("a message came back because nothing wanted it")]
    Returned,
    #[error("the broker did not confirm in time")]
    TimedOut,
    /// As many are unconfirmed as are allowed.
    #[error("too many publishes are in flight")]
    Busy,
}

/// What publishing is up to, for readiness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublisherState {
    /// And why.
    Disconnected(String),
    Ready,
    /// And the broker's reason.
    Blocked(String),
}

/// A handle on the publishing connection; clones share it. The connection ends when it is [drained](Self::drain), or
/// with the last handle: not with the shutdown itself, since what is in hand must still get out then.
#[derive(Clone)]
pub struct Publisher {
    desk: Arc<Desk>,
    _last: Arc<DropGuard>,
}

/// What the handles and the supervisor share.
pub(super) struct Desk {
    topology: Topology,
    board: ArcSwap<Board>,
    in_flight: Arc<Semaphore>,
    in_flight_max: u32,
    hangar: Hangar,
    state: watch::Sender<PublisherState>,
    /// Returned messages on their way out again.
    republishing: TaskTracker,
    stop: CancellationToken,
}

/// What is said of a message beside its body.
struct Outgoing<'a> {
    route: Route,
    message_id: Uuid,
    headers: &'a Headers,
    late: Option<Late>,
}

/// Where publishes go now.
enum Board {
    Open(Vec<Arc<Lane>>),
    Shut(PublishError),
}

impl Publisher {
    /// Starts connecting and returns at once. To be called on the service's main runtime.
    #[must_use]
    pub fn start(
        broker: &config::Broker,
        topology: Topology,
        shutdown: &Shutdown,
        name: &str,
    ) -> Self {
        let stop = CancellationToken::new();
        let in_flight_max = u32::try_from(broker.in_flight_max).unwrap_or(u32::MAX);
        let waiting = PublisherState::Disconnected("not connected yet".into());
        let desk = Arc::new(Desk {
            topology: topology.clone(),
            board: ArcSwap::from_pointee(Board::Shut(PublishError::Disconnected)),
            in_flight: Arc::new(Semaphore::new(broker.in_flight_max)),
            in_flight_max,
            hangar: Hangar {
                runtime: Handle::current(),
                shutdown: shutdown.clone(),
                confirm_timeout: Duration::from_millis(broker.confirm_timeout_ms),
            },
            state: watch::Sender::new(waiting),
            republishing: TaskTracker::new(),
            stop: stop.clone(),
        });
        let link = Arc::new(Link::new(broker, topology, format!("{name} publishes")));
        let foreman = Foreman::new(Arc::clone(&desk), Arc::clone(&link));
        shutdown.spawn(supervise(link, stop.clone(), foreman));
        Self { desk, _last: Arc::new(stop.drop_guard()) }
    }

    /// Publishes and waits for the broker's confirm. Dropping the future does not recall the message.
    ///
    /// # Errors
    /// Within `broker.confirm_timeout_ms`, see [`PublishError`]; at once while the broker blocks or is away.
    pub async fn publish(
        &self,
        route: Route,
        message_id: Uuid,
        headers: &Headers,
        body: Vec<u8>,
    ) -> Result<(), PublishError> {
        let out = Outgoing { route, message_id, headers, late: None };
        self.desk.publish(out, body).await
    }

    /// [`publish`](Self::publish), and `late` where the confirm comes after this has failed: the message has arrived after
    /// all.
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub async fn publish_or_late(
        &self,
        route: Route,
        (message_id, headers): (Uuid, &Headers),
        body: Vec<u8>,
        late: impl FnOnce() + Send + 'static,
    ) -> Result<(), PublishError> {
        let out = Outgoing { route, message_id, headers, late: Some(Box::new(late)) };
        self.desk.publish(out, body).await
    }

    #[must_use]
    pub fn state(&self) -> watch::Receiver<PublisherState> {
        self.desk.state.subscribe()
    }

    /// Publishes that wait for their confirm, those whose caller has left included.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.desk.in_flight()
    }

    /// Waits until nothing is unconfirmed, and returns whether that was reached. What is published meanwhile is waited for
    /// as well.
    pub async fn settle(&self, within: Duration) -> bool {
        let desk = &self.desk;
        let flushed = async {
            desk.republishing.close();
            desk.republishing.wait().await;
            // An error means that it was drained before.
            drop(desk.in_flight.acquire_many(desk.in_flight_max).await);
        };
        // Whatever is not confirmed by then may still arrive, and counts as a failure.
        let in_time = timeout(within, flushed).await.is_ok();
        in_time && self.in_flight() == 0
    }

    /// [Settles](Self::settle), takes no more publishes, and closes the connection. Returns whether everything was confirmed
    /// or refused in time.
    pub async fn drain(&self, within: Duration) -> bool {
        let settled = self.settle(within).await;
        self.desk.in_flight.close();
        self.desk.stop.cancel();
        settled
    }
}

impl Desk {
    fn in_flight(&self) -> usize {
        (self.in_flight_max as usize).saturating_sub(self.in_flight.available_permits())
    }

    async fn publish(&self, out: Outgoing<'_>, body: Vec<u8>) -> Result<(), PublishError> {
        let Outgoing { route, message_id, headers, late } = out;
        let lane = self.lane()?;
        let Ok(permit) = Arc::clone(&self.in_flight).try_acquire_owned() else {
            return Err(PublishError::Busy);
        };
        let properties = BasicProperties::default()
            .with_message_id(message_id.to_string().into())
            .with_headers(headers.encode());
        let message = Message::persistent(self.topology.address(route), properties, body);
        let confirming = confirm(Arc::clone(&lane), message);
        Flight::new(lane, permit, &self.hangar, confirming)
            .or_late(late)
            .answer()
            .await
    }

    fn lane(&self) -> Result<Arc<Lane>, PublishError> {
        let board = self.board.load();
        let lanes = match &**board {
            Board::Open(lanes) => lanes,
            Board::Shut(reason) => return Err(*reason),
        };
        let first = self.in_flight() / LANE_HOLDS;
        let candidates = (first..)
            .take(lanes.len())
            .map(|at| &lanes[at % lanes.len()]);
        let mut ended = PublishError::Disconnected;
        for lane in candidates {
            match lane.refusal() {
                None if lane.is_blocked() => return Err(PublishError::Blocked),
                None => return Ok(Arc::clone(lane)),
                Some(reason) => ended = reason,
            }
        }
        Err(ended)
    }

    /// Publishes go to these channels from now on. What is unconfirmed on others may still be confirmed there.
    pub(super) fn open(&self, lanes: Vec<Arc<Lane>>) {
        self.board.store(Arc::new(Board::Open(lanes)));
        self.state.send_replace(PublisherState::Ready);
    }

    /// Shuts the board with a reason; what is unconfirmed fails with it.
    pub(super) fn shut(&self, reason: PublishError, state: PublisherState) {
        let before = self.board.swap(Arc::new(Board::Shut(reason)));
        if let Board::Open(lanes) = &*before {
            lanes.iter().for_each(|lane| lane.end(reason));
        }
        self.state.send_replace(state);
    }

    /// Is cancelled when publishing is no longer wanted.
    pub(super) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    pub(super) fn publish_again(self: &Arc<Self>, returned: Box<Returned>) {
        let again = Arc::clone(self).republish(returned);
        self.hangar
            .shutdown
            .spawn(self.republishing.track_future(again));
    }

    /// Publishes a returned message until the broker has it: another publish may have been believed in its place.
    async fn republish(self: Arc<Self>, returned: Box<Returned>) {
        let Some(route) = returned.route(&self.topology) else {
            tracing::error!(exchange = returned.exchange, "a message that is not ours came back");
            return;
        };
        let mut waits = FullJitter::new(REPUBLISH_FIRST, REPUBLISH_MOST);
        let id = returned.message_id();
        let out = || Outgoing { route, message_id: id, headers: &returned.headers, late: None };
        while let Err(error) = self.publish(out(), returned.body.clone()).await {
            tokio::select! {
                () = sleep(waits.next_wait()) => {}
                () = self.stop.cancelled() => {
                    tracing::error!(webhook.id = %id, error = %error, "a returned message was not published again");
                    return;
                }
            }
        }
        tracing::info!(webhook.id = %id, "a returned message was published again");
    }
}
