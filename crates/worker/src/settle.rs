//! Ends each delivery of a batch by what became of its event.

use anyhow::anyhow;
use tracing::{Level, Span};
use waybill_common::domain::Verdict;
use waybill_common::storage::commit::{Pending, Settled};
use waybill_common::telemetry::is_exported;

use crate::bisect::{Fate, Fates};
use crate::engine::Engine;
use crate::session::Session;
use crate::taken::{Event, Hand};

/// A batch's deliveries by how they end.
#[derive(Default)]
struct Ends {
    committed: Vec<Hand>,
    missed: Vec<Event>,
    retry: Vec<(Event, anyhow::Error)>,
    hopeless: Vec<(Event, anyhow::Error)>,
}

impl Engine {
    /// Acknowledges what was committed, hands on or buries the rest. What has no fate is left as it is.
    pub(crate) async fn settle(
        &self,
        session: &Session,
        hands: Vec<Hand>,
        pendings: Vec<Pending>,
        fates: Fates<Settled>,
    ) {
        let mut ends = Ends::default();
        for ((hand, pending), fate) in hands.into_iter().zip(pendings).zip(fates.of) {
            match fate {
                None => {}
                Some(Fate::Settled(settled)) => {
                    self.note(&hand, &pending, &settled);
                    ends.committed.push(hand);
                }
                Some(Fate::Missed) => ends.missed.push(Event { hand, pending }),
                Some(Fate::Retry(cause)) => ends.retry.push((Event { hand, pending }, cause)),
                Some(Fate::Hopeless(cause)) => {
                    ends.hopeless.push((Event { hand, pending }, cause));
                }
            }
        }
        session.acknowledge(ends.committed).await;
        // First the outage: what is handed on below must not wait for a broker or database that is away.
        if let Some(cause) = fates.outage {
            self.outage(&cause);
            return;
        }
        self.defer(session, ends.missed, "its order changed under it again and again")
            .await;
        self.retry(session, ends.retry).await;
        self.bury_refused(session, ends.hopeless).await;
    }

    /// Tells metrics, the span and the log how an event ended.
    fn note(&self, hand: &Hand, pending: &Pending, settled: &Settled) {
        self.progress.moved(std::time::Instant::now());
        let did_not_count = matches!(settled.verdict, Verdict::Conflict | Verdict::Dead);
        if did_not_count || is_exported() || tracing::enabled!(Level::DEBUG) {
            describe(&hand.span, settled);
        }
        if settled.redelivered {
            return;
        }
        let envelope = &pending.envelope;
        self.metrics
            .settled(&envelope.event.source, settled.verdict);
        self.metrics
            .committed(envelope.received_at, self.clock.now());
        let _in_span = hand.span.enter();
        if did_not_count {
            tracing::warn!(reason = settled.reason, "an event did not count");
        } else {
            tracing::debug!(reason = settled.reason, "committed");
        }
        if settled.verdict == Verdict::Dead {
            self.metrics.buried("unusable");
        }
    }
}

/// How an event ended, for whoever sees its span: each recording costs the line-writing layer all of the span's fields.
fn describe(span: &Span, settled: &Settled) {
    span.record("verdict", settled.verdict.as_str());
    if let Some(order_id) = settled.order_id {
        span.record("order.id", order_id.to_string());
    }
}

/// An error of which only the sentence is known.
pub(crate) fn sentence(text: &str) -> anyhow::Error {
    anyhow!(text.to_owned())
}
