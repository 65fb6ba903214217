//! Confirmed publishes alone: the same messages to an empty quorum queue.

use std::sync::Arc;
use std::time::Duration;

use crate::load::{Answer, Schedule, Sender, Tally, Until, closed_loop, open_loop};
use crate::machine::{Raw, Stage};
use crate::storm::CLIENTS;
use crate::workload::Accepted;

/// Publishes one message after another on a channel that it shares.
struct Publishing {
    raw: Arc<Raw>,
    bodies: Arc<Vec<Vec<u8>>>,
}

impl Sender for Publishing {
    async fn send(&mut self, index: usize) -> Answer {
        let body = &self.bodies[index % self.bodies.len()];
        match self.raw.publish(body).await {
            Ok(true) => Answer::Accepted,
            Ok(false) | Err(_) => Answer::Failed,
        }
    }
}

/// Confirmed a second with as many in flight as there are clients of ingest.
pub(crate) async fn publish_alone(
    stage: &Stage,
    webhooks: &[Accepted],
    lasts: Duration,
) -> anyhow::Result<f64> {
    let until = Until { lasts, count: usize::MAX, go: None };
    let tally = closed_loop(senders(stage, webhooks).await?, &until).await?;
    end(stage, &tally).await?;
    Ok(tally.per_second())
}

/// Publishes by a schedule.
pub(crate) async fn publish_by(
    stage: &Stage,
    webhooks: &[Accepted],
    schedule: Schedule,
) -> anyhow::Result<Tally> {
    let tally = open_loop(senders(stage, webhooks).await?, schedule).await?;
    end(stage, &tally).await?;
    Ok(tally)
}

async fn senders(stage: &Stage, webhooks: &[Accepted]) -> anyhow::Result<Vec<Publishing>> {
    let raw = Arc::new(stage.queues.raw().await?);
    let bodies: Vec<Vec<u8>> = webhooks
        .iter()
        .map(|webhook| webhook.encoded.clone())
        .collect();
    let bodies = Arc::new(bodies);
    let one = || Publishing { raw: Arc::clone(&raw), bodies: Arc::clone(&bodies) };
    Ok(std::iter::repeat_with(one).take(CLIENTS).collect())
}

async fn end(stage: &Stage, tally: &Tally) -> anyhow::Result<()> {
    stage.queues.drop_raw().await?;
    tally.ensure_all_accepted()
}
