//! Takes deliveries for as long as the worker lives: session after session, none while the breaker is open.
//!
//! A session has a channel for each lane, all consuming every work queue, and one each for suspects, dead, counts and
//! unrouted messages. Deliveries go into one inbox whatever channel they came on.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use waybill_common::backoff::FullJitter;
use waybill_common::broker::{ConsumeError, Consumer, Deliveries, Queue, Topology};

use crate::breaker::State;
use crate::engine::Engine;
use crate::inbox::Inbox;
use crate::lane::Lane;
use crate::reader::Reader;
use crate::session::Session;
use crate::taken::Taken;

/// What is consumed besides work, and how many of it are in hand at once.
const SIDES: [(Queue, u16); 4] =
    [(Queue::Suspect, 1), (Queue::Dead, 16), (Queue::Counts, 16), (Queue::Unrouted, 16)];
const RECONNECT_FIRST: Duration = Duration::from_millis(200);
const RECONNECT_MOST: Duration = Duration::from_secs(5);
/// What a lane may need at most to come to its end: a few transactions one after another, each with a deadline.
const LANE_END: Duration = Duration::from_secs(60);

pub(crate) struct Consuming {
    pub(crate) engine: Arc<Engine>,
    pub(crate) consumer: Consumer,
    pub(crate) topology: Topology,
    /// Take no more, finish what is in hand.
    pub(crate) stop: CancellationToken,
}

/// An open session: its channels, not yet read from.
struct Opened {
    session: Arc<Session>,
    lanes: Vec<Deliveries>,
    sides: Vec<(Queue, Deliveries)>,
}

impl Consuming {
    /// Consumes until `stop`, then finishes what is in hand.
    pub(crate) async fn run(self) {
        let mut pauses = FullJitter::new(RECONNECT_FIRST, RECONNECT_MOST);
        while self.may_take().await {
            match self.open().await {
                Ok(opened) => {
                    let began = Instant::now();
                    self.attend(opened).await;
                    // One that ends at once, as by a message that makes it panic, must not come back at once.
                    if began.elapsed() > RECONNECT_MOST {
                        pauses.reset();
                    }
                }
                Err(error) => {
                    let error = format!("{:#}", anyhow::Error::from(error));
                    tracing::warn!(error, "could not consume");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pauses.next_wait()) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Waits until the breaker is closed; false once the worker is to stop.
    async fn may_take(&self) -> bool {
        let mut breaker = self.engine.breaker.watch();
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            closed = breaker.wait_for(|state| *state == State::Closed) => closed.is_ok(),
        }
    }

    async fn open(&self) -> Result<Opened, ConsumeError> {
        let config = &self.engine.config;
        let work = self.consumer.work_queues().await?;
        // Two batches, and as much as may wait to be acknowledged with lower tags.
        let prefetch = u16::try_from(config.batch.max_events * 3).unwrap_or(u16::MAX);
        let mut lanes = Vec::with_capacity(config.worker.lanes);
        for _ in 0..config.worker.lanes {
            lanes.push(self.consumer.channel(&work, prefetch).await?);
        }
        let mut sides = Vec::new();
        for (queue, prefetch) in SIDES {
            let deliveries = self.consumer.channel(&[queue], prefetch).await?;
            sides.push((queue, deliveries));
        }
        let settlers = lanes
            .iter()
            .chain(sides.iter().map(|(_, side)| side))
            .map(Deliveries::settler)
            .collect();
        tracing::info!(shards = work.len(), lanes = lanes.len(), "taking deliveries");
        Ok(Opened { session: Arc::new(Session::new(settlers)), lanes, sides })
    }

    /// Works until the session ends, by itself or because the worker stops; closes its channels.
    async fn attend(&self, opened: Opened) {
        let Opened { session, lanes: channels, sides } = opened;
        let inbox = Arc::new(Inbox::new(channels.len(), self.engine.seats.clone()));
        let lanes = self.start_lanes(&session, &inbox, channels.len());
        let mut readers = Vec::new();
        let side_channels = channels.len()..;
        for (channel, deliveries) in channels.into_iter().enumerate() {
            let reader = self.reader(&session, channel);
            readers.push(self.spawn(reader.fill(deliveries, Arc::clone(&inbox))));
        }
        for (channel, (queue, deliveries)) in side_channels.zip(sides) {
            let reader = self.reader(&session, channel);
            readers.push(self.spawn(reader.handle_each(queue, deliveries)));
        }
        let work = async {
            let ended = join_all(readers).await;
            inbox.close();
            join_all(lanes).await;
            ended
        };
        for ended in self.finish(&session, work).await {
            match ended {
                Ok(deliveries) => deliveries.close().await,
                Err(panic) => tracing::error!(%panic, "a reader panicked"),
            }
        }
    }

    /// Waits for lanes and readers: until they are done, which is after the worker stopped; or, when the session or the
    /// time for draining ends or an outage opens the breaker, until what is under way is done.
    async fn finish<T>(&self, session: &Session, work: impl Future<Output = Vec<T>>) -> Vec<T> {
        let mut work = pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = session.ended() => {}
            () = self.engine.breaker.opened() => {}
            () = self.drained() => {
                tracing::warn!("not everything in hand was done in time: it is given back");
            }
        }
        session.end();
        match tokio::time::timeout(LANE_END, work).await {
            Ok(done) => done,
            Err(_) => {
                tracing::error!("a lane did not come to its end");
                Vec::new()
            }
        }
    }

    /// The worker stopped, and the time for finishing what is in hand is over.
    async fn drained(&self) {
        self.stop.cancelled().await;
        let drain_ms = self.engine.config.worker.drain_timeout_ms;
        tokio::time::sleep(Duration::from_millis(drain_ms)).await;
    }

    fn start_lanes(
        &self,
        session: &Arc<Session>,
        inbox: &Arc<Inbox<Taken>>,
        count: usize,
    ) -> Vec<JoinHandle<()>> {
        let lane = |place| {
            let (engine, session) = (Arc::clone(&self.engine), Arc::clone(session));
            Lane::new(engine, session, (Arc::clone(inbox), place))
        };
        (0..count)
            .map(|place| self.engine.tasks.spawn(lane(place).run()))
            .collect()
    }

    fn reader(&self, session: &Arc<Session>, channel: usize) -> Reader {
        Reader {
            engine: Arc::clone(&self.engine),
            session: Arc::clone(session),
            topology: self.topology.clone(),
            stop: self.stop.clone(),
            channel,
            cancelled: false,
        }
    }

    fn spawn(
        &self,
        reading: impl Future<Output = Deliveries> + Send + 'static,
    ) -> JoinHandle<Deliveries> {
        self.engine.tasks.spawn(reading)
    }
}
