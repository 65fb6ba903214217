//! One of a worker's batch pipelines. Each takes what waits when it is free; events in hand that name an
//! order alike are in the same lane, so two lanes of one worker do not wait for each other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use waybill_common::backoff::FullJitter;

use crate::engine::Engine;
use crate::gather::{Gatherer, Next};
use crate::inbox::Inbox;
use crate::parked::{Parked, Waiting};
use crate::process::process;
use crate::session::Session;
use crate::taken::Taken;

/// How long an event waits for its order's lock before it is tried again: from the first time to the most.
const BUSY_PAUSE_LEAST: Duration = Duration::from_millis(25);
const BUSY_PAUSE_MOST: Duration = Duration::from_millis(200);

pub(crate) struct Lane {
    engine: Arc<Engine>,
    session: Arc<Session>,
    gatherer: Gatherer<Taken>,
    parked: Parked<Taken>,
    pauses: FullJitter,
}

impl Lane {
    pub(crate) fn new(
        engine: Arc<Engine>,
        session: Arc<Session>,
        (inbox, lane): (Arc<Inbox<Taken>>, usize),
    ) -> Self {
        let batch = &engine.config.batch;
        // Half a batch: of a prefetch of three at most one waits to be acknowledged, so there is always room for orders
        // that nobody holds.
        let parked_max = (batch.max_events / 2).max(1);
        let wait = Duration::from_millis(engine.config.lock.wait_ms);
        Self {
            gatherer: Gatherer::new(inbox, lane, batch),
            parked: Parked::new(parked_max, wait),
            pauses: FullJitter::new(BUSY_PAUSE_MOST, BUSY_PAUSE_MOST),
            engine,
            session,
        }
    }

    /// Works until the inbox is closed and empty, or the session ends.
    pub(crate) async fn run(mut self) {
        loop {
            let next = tokio::select! {
                biased;
                () = self.session.ended() => return,
                next = self.gatherer.next(&mut self.parked) => next,
            };
            let Next::Batch(batch) = next else { return };
            if !self.work(batch).await || self.engine.breaker.is_open() {
                return;
            }
        }
    }

    /// Processes a batch in a task of its own: nothing that happens to the lane can cut a transaction off. A panic
    /// settles nothing; the session ends, and the broker delivers again. Returns whether to go on.
    async fn work(&mut self, batch: Vec<Waiting<Taken>>) -> bool {
        let processing = process(Arc::clone(&self.engine), Arc::clone(&self.session), batch);
        match self.engine.tasks.spawn(processing).await {
            Ok(busy) => {
                self.park(busy).await;
                true
            }
            Err(panic) => {
                tracing::error!(%panic, "a batch panicked: nothing of it is settled");
                self.session.end();
                false
            }
        }
    }

    async fn park(&mut self, busy: Vec<Waiting<Taken>>) {
        let now = Instant::now();
        let mut elsewhere = Vec::new();
        for waiting in busy {
            let since = waiting.since;
            let pause = BUSY_PAUSE_LEAST + self.pauses.next_wait();
            if let Err(taken) = self.parked.park(waiting, pause, now) {
                let waited = since.map_or(Duration::ZERO, |since| now - since);
                self.engine.metrics.lock_waited(waited);
                elsewhere.push(taken);
            }
        }
        self.engine.put_off(&self.session, elsewhere).await;
    }
}
