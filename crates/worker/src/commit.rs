//! Commits the events of a batch, whatever it takes: the whole, its halves, what missed its orders once more.

use std::time::{Duration, Instant};

use anyhow::anyhow;
use waybill_common::backoff::FullJitter;
use waybill_common::storage::commit::{Committed, Pending, Settled, commit_with};

use crate::bisect::{Bisection, Fate, Fates, Part};
use crate::engine::Engine;
use crate::outcome::{Class, Outcome, classify};

/// Tries at once, apart from the rest, for events whose orders changed under them; then they are put off.
const MISSED_TRIES: u32 = 3;
const MISSED_PAUSE_FIRST: Duration = Duration::from_millis(10);
const MISSED_PAUSE_MOST: Duration = Duration::from_millis(50);
/// From the second try on what missed is tried in so many parts, so that one stubborn order keeps few others waiting.
const MISSED_PARTS: usize = 8;

impl Engine {
    /// Commits these events. An event has no fate where an outage came first: nobody knows then whether it was committed,
    /// and the claim decides when it comes again.
    pub(crate) async fn commit(&self, batch: &[Pending]) -> Fates<Settled> {
        let began = Instant::now();
        let mut fates = self.commit_parts(batch).await;
        let mut pauses = FullJitter::new(MISSED_PAUSE_FIRST, MISSED_PAUSE_MOST);
        for nth in 0..MISSED_TRIES {
            let missed = missed(&fates);
            if missed.is_empty() || fates.outage.is_some() {
                break;
            }
            self.metrics.missed(missed.len());
            tokio::time::sleep(pauses.next_wait()).await;
            let part = if nth == 0 { missed.len() } else { missed.len().div_ceil(MISSED_PARTS) };
            for indexes in missed.chunks(part) {
                self.commit_again(batch, indexes, &mut fates).await;
            }
        }
        self.metrics.batch(batch.len(), began.elapsed());
        fates
    }

    /// Commits the events at `indexes` apart from the others and notes what became of them.
    async fn commit_again(&self, batch: &[Pending], indexes: &[usize], fates: &mut Fates<Settled>) {
        if fates.outage.is_some() {
            return;
        }
        let apart: Vec<Pending> = indexes.iter().map(|index| batch[*index].clone()).collect();
        let again = self.commit_parts(&apart).await;
        fates.outage = again.outage;
        for (index, fate) in indexes.iter().zip(again.of) {
            fates.of[*index] = fate;
        }
    }

    async fn commit_parts(&self, batch: &[Pending]) -> Fates<Settled> {
        let mut bisection = Bisection::new(batch.len());
        while let Some(part) = bisection.next_part() {
            let outcome = self.commit_part(&batch[part.clone()]).await;
            bisection.note(&part, outcome);
        }
        bisection.fates()
    }

    /// One transaction, and once more where only its connection was lost: that is no outage yet, for the database takes
    /// writes.
    async fn commit_part(&self, part: &[Pending]) -> Result<Part<Settled>, Outcome> {
        let committed = match self.transact(part).await {
            Err(Outcome::Infrastructure(cause)) => {
                tracing::warn!(cause = format!("{cause:#}"), "a transaction was cut off");
                self.probe_database().await.map_err(|probe| {
                    Outcome::Infrastructure(cause.context(format!("{probe:#}")))
                })?;
                self.transact(part).await
            }
            transacted => transacted,
        };
        committed.map(into_part)
    }

    /// Within the transaction's deadline. A transaction that is cut off leaves its connection broken, and the pool throws
    /// it away; what became of its COMMIT is unknown, so it counts as an outage.
    async fn transact(&self, part: &[Pending]) -> Result<Committed, Outcome> {
        let mut conn = self.connection().await?;
        let deadline = Duration::from_millis(self.config.database.transaction_timeout_ms);
        let transaction = commit_with(&mut conn, part, self.clock.now(), &self.memory);
        let ended = tokio::time::timeout(deadline, transaction).await;
        // Given back first: asking the database takes a connection too.
        drop(conn);
        match ended {
            Ok(Ok(committed)) => Ok(committed),
            Ok(Err(error)) => Err(self.outcome(error).await),
            Err(_late) => Err(Outcome::Infrastructure(anyhow!(
                "the transaction took longer than {deadline:?}"
            ))),
        }
    }

    /// What an error of the database means; where it does not say, the database is asked. The connection must be back in
    /// the pool.
    pub(crate) async fn outcome(&self, error: diesel::result::Error) -> Outcome {
        let class = classify(&error);
        let cause = anyhow::Error::from(error);
        if class == Class::Unclear
            && let Err(probe) = self.probe_database().await
        {
            return Outcome::Infrastructure(cause.context(format!("{probe:#}")));
        }
        Outcome::of(class, cause)
    }
}

fn missed(fates: &Fates<Settled>) -> Vec<usize> {
    let missed = |fate: &Option<Fate<Settled>>| matches!(fate, Some(Fate::Missed));
    (0..fates.of.len())
        .filter(|index| missed(&fates.of[*index]))
        .collect()
}

fn into_part(committed: Committed) -> Part<Settled> {
    let settled = committed
        .settled
        .into_iter()
        .map(|settled| (settled.index, settled))
        .collect();
    Part { settled, missed: committed.missed }
}
