//! What cannot be done now: retried after a delay, put off for a moment, or made to wait for a newer worker.
//!
//! A retry is an attempt that the event itself failed: counted, told by a row of `webhooks`, dead after the last delay. A
//! deferral is nobody's fault and burns no attempt, up to a limit.

use std::collections::HashSet;

use uuid::Uuid;
use waybill_common::broker::{Headers, Route};
use waybill_common::domain::Timestamp;
use waybill_common::storage::webhooks::{self, Retrying};

use crate::engine::Engine;
use crate::hand_on::Parcel;
use crate::outcome::Outcome;
use crate::session::Session;
use crate::settle::sentence;
use crate::taken::{Event, Hand, Taken};

/// What an event goes through that cannot be committed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Again after `delay_ms`, as the given attempt.
    Retry { delay_ms: u64, attempt: u16 },
    /// It had its last attempt.
    Exhausted,
}

impl Engine {
    /// Puts off events whose order others hold: to a delay queue for a moment, so that others have room here.
    pub(crate) async fn put_off(&self, session: &Session, busy: Vec<Taken>) {
        let events = busy.into_iter().filter_map(Taken::into_webhook).collect();
        self.defer(session, events, "its order stayed locked by others")
            .await;
    }

    /// Defers events; one that was deferred as often as it may counts as having failed, because of `why`.
    pub(crate) async fn defer(&self, session: &Session, events: Vec<Event>, why: &str) {
        let (mut parcels, mut worn_out) = (Vec::new(), Vec::new());
        for event in events {
            let deferred = event.hand.delivery.headers.defer;
            if u32::from(deferred) >= self.config.lock.defers_max {
                worn_out.push((event, sentence(why)));
                continue;
            }
            self.metrics.deferred();
            let headers = Headers { defer: deferred.saturating_add(1), ..event.hand.headers() };
            let route = Route::Delay { ms: self.config.retry.defer_ms, shard: self.shard(&event) };
            parcels.push(Parcel { hand: event.hand, route, headers });
        }
        self.hand_on(session, parcels).await;
        self.retry(session, worn_out).await;
    }

    /// Retries events that failed: first the row that says so, then the message, then the acknowledgement. What has had its
    /// last delay is dead.
    pub(crate) async fn retry(&self, session: &Session, failed: Vec<(Event, anyhow::Error)>) {
        let (mut again, mut exhausted) = (Vec::new(), Vec::new());
        for (event, cause) in failed {
            match next_step(&self.config.retry.delays_seconds, event.hand.delivery.headers.attempt)
            {
                Step::Exhausted => exhausted.push((event, cause)),
                Step::Retry { delay_ms, attempt } => {
                    again.push(Again { event, delay_ms, attempt, cause });
                }
            }
        }
        self.try_again(session, again).await;
        self.bury_exhausted(session, exhausted).await;
    }

    async fn try_again(&self, session: &Session, again: Vec<Again>) {
        let Some(waiting) = self.record(&again).await else {
            return;
        };
        let (mut parcels, mut settled) = (Vec::new(), Vec::new());
        for again in again {
            let id = again.event.pending.envelope.event.webhook_id;
            if waiting.contains(&id) {
                again.note();
                self.metrics.retried(again.delay_ms);
                let shard = self.shard(&again.event);
                parcels.push(again.parcel(shard));
            } else {
                settled.push(again.event.hand);
            }
        }
        session.acknowledge(settled).await;
        self.hand_on(session, parcels).await;
    }

    /// Messages of a newer Waybill wait, a while at a time and without end, for a worker that understands them.
    pub(crate) async fn wait_for_newer(&self, session: &Session, newer: Vec<(Hand, u64)>) {
        let parcels = newer
            .into_iter()
            .map(|(hand, version)| {
                self.metrics.newer();
                tracing::error!(
                    webhook.id = %hand.message_id(),
                    version,
                    "a message of a newer Waybill waits: deploy workers before ingest"
                );
                self.waiting(hand)
            })
            .collect();
        self.hand_on(session, parcels).await;
    }

    /// To wait, for as long as messages of a newer version do, and then come again as it is.
    pub(crate) fn waiting(&self, hand: Hand) -> Parcel {
        let headers = hand.headers();
        let shard = hand.delivery.shard() % self.config.broker.shards.max(1);
        let route = Route::Delay { ms: self.config.retry.unknown_version_ms, shard };
        Parcel { hand, route, headers }
    }

    /// Where the event belongs today; the number of shards may have changed since it was published.
    pub(crate) fn shard(&self, event: &Event) -> u16 {
        let shards = usize::from(self.config.broker.shards.max(1));
        let shard = event.pending.envelope.event.part_of(shards);
        u16::try_from(shard).expect("it is less than the number of shards")
    }

    /// Writes the rows that say what is retried. Returns the events that are: others had a final verdict before. `None`
    /// where the database is away: nothing is handed on then, the events come again as they are.
    async fn record(&self, again: &[Again]) -> Option<HashSet<Uuid>> {
        if again.is_empty() {
            return None;
        }
        let now = self.clock.now();
        let rows: Vec<Retrying<'_>> = again.iter().map(|again| again.row(now)).collect();
        match self.write_rows(&rows).await {
            Ok(waiting) => Some(waiting),
            Err(Outcome::Infrastructure(cause)) => {
                self.outage(&cause);
                None
            }
            // The row is for people; the event is not lost where only that cannot be written.
            Err(Outcome::Transient(cause) | Outcome::Permanent(cause)) => {
                let cause = format!("{cause:#}");
                tracing::error!(cause, "could not note that events are retried");
                let all = rows.iter().map(|row| row.pending.envelope.event.webhook_id);
                Some(all.collect())
            }
        }
    }

    async fn write_rows(&self, rows: &[Retrying<'_>]) -> Result<HashSet<Uuid>, Outcome> {
        let mut conn = self.connection().await?;
        let recorded = webhooks::record_retrying(&mut conn, rows).await;
        drop(conn);
        match recorded {
            Ok(waiting) => Ok(waiting),
            Err(error) => Err(self.outcome(error).await),
        }
    }
}

/// A failed event with the delay that it goes through next.
struct Again {
    event: Event,
    delay_ms: u64,
    attempt: u16,
    cause: anyhow::Error,
}

impl Again {
    fn row(&self, now: Timestamp) -> Retrying<'_> {
        let delay = i64::try_from(self.delay_ms.saturating_mul(1_000)).unwrap_or(i64::MAX);
        Retrying {
            pending: &self.event.pending,
            attempts: self.attempt,
            due_at: Timestamp::from_micros_saturating(now.micros().saturating_add(delay)),
            error: format!("{:#}", self.cause),
        }
    }

    fn parcel(self, shard: u16) -> Parcel {
        let hand = self.event.hand;
        let headers = Headers { attempt: self.attempt, defer: 0, ..hand.headers() };
        Parcel { hand, route: Route::Delay { ms: self.delay_ms, shard }, headers }
    }

    fn note(&self) {
        let _in_span = self.event.hand.span.enter();
        self.event.hand.span.record("otel.status_code", "ERROR");
        tracing::warn!(
            attempt.number = self.attempt,
            cause = format!("{:#}", self.cause),
            "an event failed and is retried"
        );
    }
}

/// After `failed_before` failed attempts another one failed.
fn next_step(delays_seconds: &[u64], failed_before: u16) -> Step {
    match delays_seconds.get(usize::from(failed_before)) {
        Some(seconds) => {
            Step::Retry { delay_ms: seconds.saturating_mul(1000), attempt: failed_before + 1 }
        }
        None => Step::Exhausted,
    }
}

#[cfg(test)]
mod tests;
