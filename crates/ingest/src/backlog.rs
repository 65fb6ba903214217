//! How much is waiting for the workers. No queue has a length limit, so the limit is here: above it nothing new is taken.

use tokio::sync::watch;
use waybill_common::broker::Depth;

/// The last look at the work queues, and what is too much.
pub struct Backlog {
    depth: watch::Receiver<Depth>,
    ready_max: u64,
}

impl Backlog {
    #[must_use]
    pub fn new(depth: watch::Receiver<Depth>, ready_max: u64) -> Self {
        Self { depth, ready_max }
    }

    /// Whether more is ready than may wait. What is not known is not too much: without the broker a publish fails anyway.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.depth
            .borrow()
            .work()
            .is_some_and(|ready| ready > self.ready_max)
    }
}
