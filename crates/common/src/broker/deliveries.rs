//! One consuming channel: what it delivers, its acknowledgements, its end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use futures_util::future::{join, join_all};
use lapin::options::BasicCancelOptions;
use lapin::{Channel, Consumer as Consuming};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::{Acker, ConsumeError, Delivery, Ledger, Queue, Topology, acknowledge};

/// For closing politely; what is not closed then ends with its connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A stream of deliveries that ends once: with an error, or with `None` where the broker cancelled a consumer. The
/// channel is then of no more use; ask the [`Consumer`](super::Consumer) for another. Dropping it, like
/// [closing](Self::close), gives back everything that was not acknowledged, and each giving back is counted.
pub struct Deliveries {
    channel: Channel,
    queues: Vec<(Queue, Consuming)>,
    /// Who is asked first, so that no queue starves the others.
    turn: usize,
    topology: Topology,
    generation: u64,
    /// The channel is closed or its connection lost.
    closed: CancellationToken,
    lost: Pin<Box<WaitForCancellationFutureOwned>>,
    ended: bool,
    settler: Settler,
}

/// Acknowledges deliveries of one channel with as few words as are safe. Clones share the books.
#[derive(Clone)]
pub struct Settler {
    ledger: Arc<Mutex<Ledger<Acker>>>,
}

impl Deliveries {
    pub(super) fn new(
        channel: Channel,
        queues: Vec<(Queue, Consuming)>,
        topology: Topology,
        (generation, lost): (u64, &CancellationToken),
        patience: usize,
    ) -> Self {
        let closed = lost.child_token();
        let ledger = Arc::new(Mutex::new(Ledger::with_patience(patience)));
        Self {
            channel,
            queues,
            turn: 0,
            topology,
            generation,
            lost: Box::pin(closed.clone().cancelled_owned()),
            closed,
            ended: false,
            settler: Settler { ledger },
        }
    }

    /// For acknowledging what this channel delivers.
    #[must_use]
    pub fn settler(&self) -> Settler {
        self.settler.clone()
    }

    /// Takes no more; what is in hand can still be acknowledged. The stream ends when what was on its way is taken.
    pub async fn cancel(&self) {
        let cancels = self.queues.iter().map(|(_, consuming)| {
            self.channel
                .basic_cancel(consuming.tag(), BasicCancelOptions::default())
        });
        // A channel that cannot cancel is gone, and takes no more either.
        drop(timeout(CLOSE_TIMEOUT, join_all(cancels)).await);
    }

    /// Gives back everything that was not to be acknowledged.
    pub async fn close(mut self) {
        self.settler.acknowledge_rest().await;
        self.ended = true;
        self.closed.cancel();
        drop(timeout(CLOSE_TIMEOUT, self.channel.close(200, "given back".into())).await);
    }

    fn end(&mut self) {
        self.ended = true;
    }
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

impl Stream for Deliveries {
    type Item = Result<Delivery, ConsumeError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        if this.lost.as_mut().poll(context).is_ready() {
            this.end();
            return Poll::Ready(Some(Err(ConsumeError::Disconnected)));
        }
        let count = this.queues.len();
        for step in 0..count {
            let place = (this.turn + step) % count;
            let (queue, consuming) = &mut this.queues[place];
            let queue = *queue;
            match Pin::new(consuming).poll_next(context) {
                Poll::Pending => {}
                Poll::Ready(Some(Ok(delivered))) => {
                    this.turn = (place + 1) % count;
                    let origin = (this.generation, &this.closed);
                    let delivery = Delivery::new(delivered, (queue, &this.topology), origin);
                    return Poll::Ready(Some(Ok(delivery)));
                }
                // Polled again, a consumer that ended never answers.
                Poll::Ready(None) => {
                    this.end();
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Err(error))) => {
                    this.end();
                    return Poll::Ready(Some(Err(ConsumeError::Refused(error))));
                }
            }
        }
        Poll::Pending
    }
}

impl Settler {
    /// Acknowledges deliveries of this channel, in any order; one that has overtaken others perhaps a while later, with
    /// them. Returns how many are known not to be acknowledged.
    pub async fn acknowledge(&self, ackers: Vec<Acker>) -> usize {
        // Held until everything is written: a later plan must not overtake an earlier one's single acknowledgements.
        let mut ledger = self.ledger.lock().await;
        let plan = ledger.finish(ackers.into_iter().map(|acker| (acker.tag, acker)));
        let (through, singly) = join(lost_together(&plan.through), lost(plan.singly)).await;
        through + singly
    }

    /// Acknowledges what waits for others.
    async fn acknowledge_rest(&self) {
        let mut ledger = self.ledger.lock().await;
        acknowledge(ledger.rest()).await;
    }
}

/// Acknowledges all of them by the last one's word; how many could not be.
async fn lost_together(ackers: &[Acker]) -> usize {
    match ackers.last() {
        Some(last) if !last.ack(true).await => ackers.len(),
        _ => 0,
    }
}

/// Acknowledges each by itself; how many could not be.
async fn lost(ackers: Vec<Acker>) -> usize {
    let acknowledged = acknowledge(ackers).await.into_iter();
    acknowledged.filter(|acknowledged| !acknowledged).count()
}
