//! Reads one channel of a session: to the lanes, or message by message.

use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;
use waybill_common::broker::{Deliveries, Delivery, Queue, Topology};

use crate::engine::Engine;
use crate::inbox::Inbox;
use crate::parked::Waiting;
use crate::process::process;
use crate::session::Session;
use crate::taken::Taken;

/// Reads one channel.
pub(crate) struct Reader {
    pub(crate) engine: Arc<Engine>,
    pub(crate) session: Arc<Session>,
    pub(crate) topology: Topology,
    /// Take no more.
    pub(crate) stop: CancellationToken,
    /// Which of the session's channels this is.
    pub(crate) channel: usize,
    /// Whether the broker was told to send no more.
    pub(crate) cancelled: bool,
}

impl Reader {
    /// Puts each delivery into the lanes' inbox.
    pub(crate) async fn fill(
        mut self,
        mut deliveries: Deliveries,
        inbox: Arc<Inbox<Taken>>,
    ) -> Deliveries {
        while let Some(taken) = self.next(&mut deliveries).await {
            inbox.put(taken);
        }
        deliveries
    }

    /// Handles each delivery by itself, one after another.
    pub(crate) async fn handle_each(
        mut self,
        queue: Queue,
        mut deliveries: Deliveries,
    ) -> Deliveries {
        while let Some(taken) = self.next(&mut deliveries).await {
            let handling =
                handle(Arc::clone(&self.engine), Arc::clone(&self.session), (queue, taken));
            if let Err(panic) = self.engine.tasks.spawn(handling).await {
                tracing::error!(%panic, "handling a message panicked: it is not settled");
                self.session.end();
            }
        }
        deliveries
    }

    /// The next delivery; `None` when the session ends or everything that was on its way has been taken.
    async fn next(&mut self, deliveries: &mut Deliveries) -> Option<Taken> {
        loop {
            tokio::select! {
                biased;
                () = self.session.ended() => return None,
                () = self.stop.cancelled(), if !self.cancelled => {
                    self.cancelled = true;
                    deliveries.cancel().await;
                }
                next = deliveries.next() => match next {
                    Some(Ok(delivery)) => return Some(self.read(delivery)),
                    Some(Err(error)) => {
                        let error = format!("{:#}", anyhow::Error::from(error));
                        tracing::warn!(error, "a consuming channel was lost");
                        self.session.end();
                        return None;
                    }
                    None => {
                        if !self.cancelled {
                            tracing::warn!("the broker cancelled a consumer");
                            self.session.end();
                        }
                        return None;
                    }
                },
            }
        }
    }

    fn read(&self, delivery: Delivery) -> Taken {
        self.engine.progress.moved(std::time::Instant::now());
        let queue = self.topology.name(delivery.queue);
        Taken::read(delivery, self.channel, &queue, &self.engine)
    }
}

/// What is done with a message that did not come from a work queue.
async fn handle(engine: Arc<Engine>, session: Arc<Session>, (queue, taken): (Queue, Taken)) {
    match queue {
        Queue::Counts => engine.take_report(&session, taken.into_hand()).await,
        Queue::Dead => engine.bury_fallen(&session, taken).await,
        Queue::Unrouted => engine.reroute(&session, taken).await,
        Queue::Suspect | Queue::Work { .. } | Queue::Retry { .. } => {
            let batch = vec![Waiting::fresh(taken)];
            let busy = process(Arc::clone(&engine), Arc::clone(&session), batch).await;
            let busy = busy.into_iter().map(|waiting| waiting.item).collect();
            engine.put_off(&session, busy).await;
        }
    }
}
