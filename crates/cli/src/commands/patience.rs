//! Patience with a connection that is lost, for what watches or follows.

use std::time::Duration;

use tokio::time::sleep;
use waybill_common::backoff::FullJitter;

use crate::output::Output;
use crate::way::Trouble;

const WAIT_FIRST: Duration = Duration::from_millis(500);
const WAIT_MOST: Duration = Duration::from_secs(15);

pub(super) struct Patience {
    waits: FullJitter,
    lost: bool,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { waits: FullJitter::new(WAIT_FIRST, WAIT_MOST), lost: false }
    }

    /// There was an answer.
    pub(super) fn answered(&mut self, output: &Output) {
        if std::mem::take(&mut self.lost) {
            self.waits.reset();
            output.aside("connected again");
        }
    }

    /// Waits, where that may mend it. Says so once.
    ///
    /// # Errors
    /// The trouble itself, where no waiting mends it.
    pub(super) async fn bear(&mut self, trouble: Trouble, output: &Output) -> Result<(), Trouble> {
        if !matches!(trouble, Trouble::Lost(_)) {
            return Err(trouble);
        }
        if !std::mem::replace(&mut self.lost, true) {
            output.aside(&format!("{trouble}; trying again"));
        }
        sleep(self.waits.next_wait()).await;
        Ok(())
    }
}
