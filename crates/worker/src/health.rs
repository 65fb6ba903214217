//! Whether the worker is ready and alive, and the gauges that are looked at rather than counted.
//!
//! Readiness needs PostgreSQL and the broker. Liveness depends on neither: it fails only when nothing moved for a quarter
//! of an hour although messages are ready and nothing is known to be away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use waybill_common::broker::{Consumer, ConsumerState, PublisherState, Topology};
use waybill_common::ops::{Dependency, Health};

use crate::engine::Engine;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many looks there are between two writes that ask the database.
const DATABASE_EVERY: u32 = 5;

pub(crate) struct Watch {
    pub(crate) engine: Arc<Engine>,
    pub(crate) consumer: Consumer,
    pub(crate) topology: Topology,
    pub(crate) health: Health,
    pub(crate) database: Dependency,
    pub(crate) broker: Dependency,
}

impl Watch {
    /// Looks once a second until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for nth in 0_u32.. {
            tokio::select! {
                _ = look.tick() => {}
                () = stop.cancelled() => return,
            }
            if nth % DATABASE_EVERY == 0 {
                self.look_at_database().await;
            }
            self.look_at_broker();
            self.look_at_progress();
        }
    }

    async fn look_at_database(&self) {
        match self.engine.probe_database().await {
            Ok(()) => self.database.up(),
            Err(error) => self.database.down(one_line(&error)),
        }
    }

    fn look_at_broker(&self) {
        let consumer = self.consumer.state().borrow().clone();
        let publisher = self.engine.publisher.state().borrow().clone();
        match (consumer, publisher) {
            (ConsumerState::Ready, PublisherState::Ready) => self.broker.up(),
            (ConsumerState::Disconnected(reason), _)
            | (_, PublisherState::Disconnected(reason) | PublisherState::Blocked(reason)) => {
                self.broker.down(reason);
            }
        }
    }

    fn look_at_progress(&self) {
        let engine = &self.engine;
        let (now, depth) = (Instant::now(), self.consumer.depth().borrow().clone());
        for queue in &depth.queues {
            let name = self.topology.name(queue.queue);
            engine.metrics.queue(name, queue.ready, queue.consumers);
        }
        let open = engine.breaker.is_open();
        engine.metrics.breaker(open);
        engine.metrics.oldest_in_hand(self.oldest());
        if open {
            engine.progress.moved(now);
        }
        let stuck = engine.progress.stuck(depth.work().unwrap_or(0), now);
        self.health.stuck(
            stuck.map(|still| {
                format!("nothing moved for {} s while messages wait", still.as_secs())
            }),
        );
    }

    fn oldest(&self) -> Duration {
        let now = self.engine.clock.now();
        let age = self
            .engine
            .progress
            .oldest()
            .map_or(0, |received_at| now.micros() - received_at.micros());
        Duration::from_micros(age.max(0).unsigned_abs())
    }
}

/// An error with its causes, as operators read it on the readiness page.
pub(crate) fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}").replace(['\r', '\n'], " ")
}
