//! Asks providers what thin webhooks only name (`fetch.hints`), and publishes the answers as events of their sources.
//!
//! **Who needs it** is told by orders alone: those flagged `needs_fetch`. **Who asks** is settled in the table `fetches`: a
//! claim with a lease, so that several workers ask once, attempts are counted across restarts, and objects are asked
//! about one fetch at a time. **The answer** goes the road of every event, publish with confirm, work queue, claim, fold;
//! the fold clears the flag, because the answer is newer than the hint. **A crash** anywhere ends the lease: it is asked
//! again, and where the first answer had got out after all, the second is its duplicate or states the same facts.

mod answer;
mod sources;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use waybill_common::domain::Timestamp;
use waybill_common::fetch::Fetcher;
use waybill_common::storage::fetches::{self, Attempted, Claimed, Unanswered};

use crate::engine::Engine;
use crate::health::one_line;
use answer::{Ending, ask};
use sources::Sources;

const LOOK_EVERY: Duration = Duration::from_secs(1);
const AGAIN_AFTER: Duration = Duration::from_secs(5);
/// Orders that are looked at together.
const PAGE: i64 = 100;
/// How long an answer that was published may take through the queue before it is asked for again.
const RECHECK_SECONDS: u64 = 10;
/// However long a provider asks us to wait.
const WAIT_SECONDS_MAX: u64 = 24 * 3600;
/// Beside fetching and publishing.
const LEASE_SPARE_MS: u64 = 1_000;

/// The one task of a worker that asks.
pub(crate) struct Asking {
    engine: Arc<Engine>,
    fetcher: Fetcher,
    sources: Sources,
}

impl Asking {
    /// Absent where nothing is to be asked.
    ///
    /// # Errors
    /// Where a source cannot be set up, or TLS cannot.
    pub(crate) fn new(engine: &Arc<Engine>) -> anyhow::Result<Option<Self>> {
        if !engine.config.fetch.hints {
            return Ok(None);
        }
        let sources = Sources::new(&engine.config)?;
        if sources.is_empty() {
            tracing::warn!("fetch.hints is on, but no source has an api_key: nobody is asked");
            return Ok(None);
        }
        let fetcher = Fetcher::new(&engine.config.fetch)?;
        Ok(Some(Self { engine: Arc::clone(engine), fetcher, sources }))
    }

    /// Looks and asks until `stop`. What is cut off then is asked again when its lease ends.
    pub(crate) async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.ask_forever()).await;
    }

    async fn ask_forever(&self) {
        let mut after = Uuid::nil();
        loop {
            let pause = match self.ask_about_a_page(after).await {
                Ok(next) => {
                    after = next.unwrap_or_default();
                    if next.is_some() { Duration::ZERO } else { LOOK_EVERY }
                }
                Err(error) => {
                    tracing::warn!(error = one_line(&error), "could not look for hints");
                    AGAIN_AFTER
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Returns where the next page begins, if there is one.
    async fn ask_about_a_page(&self, after: Uuid) -> anyhow::Result<Option<Uuid>> {
        let (mut hints, next) = {
            let mut conn = self.engine.pool.get().await?;
            fetches::unanswered(&mut conn, after, PAGE).await?
        };
        hints.retain(|hint| {
            self.sources
                .can_ask(&hint.namespace, &hint.object, &self.fetcher)
        });
        // Few at a time, so that a lease begins when its fetch does.
        for some in hints.chunks(self.engine.config.fetch.concurrency) {
            self.ask_about(some).await?;
        }
        Ok(next)
    }

    async fn ask_about(&self, hints: &[Unanswered]) -> anyhow::Result<()> {
        let now = self.engine.clock.now();
        let claimed = {
            let mut conn = self.engine.pool.get().await?;
            fetches::claim(&mut conn, hints, (now, after(now, self.lease()))).await?
        };
        let ended: Vec<(Claimed, Attempted)> = stream::iter(claimed)
            .map(async |claimed| {
                let attempted = self.attempt(&claimed).await;
                (claimed, attempted)
            })
            .buffer_unordered(hints.len().max(1))
            .collect()
            .await;
        let mut conn = self.engine.pool.get().await?;
        for (claimed, attempted) in ended {
            fetches::note(&mut conn, &claimed.hint, &attempted).await?;
        }
        Ok(())
    }

    async fn attempt(&self, claimed: &Claimed) -> Attempted {
        let hint = &claimed.hint;
        let ending = ask(&self.engine, &self.fetcher, &self.sources, hint).await;
        self.engine.metrics.fetched(ending.word());
        let attempted = self.follows(claimed, ending);
        if let Some(error) = &attempted.error {
            let (object, attempt) = (hint.object.as_str(), claimed.attempt);
            let given_up = attempted.given_up;
            tracing::warn!(
                object,
                attempt,
                given_up,
                error,
                "a provider did not tell what a hint was about"
            );
        }
        attempted
    }

    /// What follows from an attempt: when the next one may be, if any.
    fn follows(&self, claimed: &Claimed, ending: Ending) -> Attempted {
        let now = self.engine.clock.now();
        let delays = &self.engine.config.fetch.delays_seconds;
        let nth = usize::try_from(claimed.attempt - 1).unwrap_or_default();
        let delay = delays.get(nth).copied();
        match ending {
            Ending::Published => {
                let due_at = after(now, Duration::from_secs(RECHECK_SECONDS));
                let error = delay
                    .is_none()
                    .then(|| "the answers changed nothing".to_owned());
                Attempted { due_at, given_up: error.is_some(), error }
            }
            Ending::Never(error) => Attempted { due_at: now, given_up: true, error: Some(error) },
            Ending::Again { error, wait } => {
                let asked_for = wait.map_or(0, |wait| wait.as_secs().min(WAIT_SECONDS_MAX));
                let seconds = delay.unwrap_or_default().max(asked_for);
                Attempted {
                    due_at: after(now, Duration::from_secs(seconds)),
                    given_up: delay.is_none(),
                    error: Some(error),
                }
            }
        }
    }

    /// As long as an attempt can take: the sources of a namespace are asked one after the other.
    fn lease(&self) -> Duration {
        let config = &self.engine.config;
        let fetches = config.fetch.timeout_ms * self.sources.len();
        Duration::from_millis(fetches + config.broker.confirm_timeout_ms + LEASE_SPARE_MS)
    }
}

fn after(now: Timestamp, pause: Duration) -> Timestamp {
    let micros = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros_saturating(now.micros().saturating_add(micros))
}
