//! From an understood request to confirmed messages: which events are new, their publishing, their markers.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use tracing::{Instrument as _, Span};
use uuid::Uuid;
use waybill_common::broker::{Headers, PublishError, Publisher, Route};
use waybill_common::domain::envelope::Envelope;
use waybill_common::telemetry::TraceContext;

use crate::counts::{Confirming, Counts, Key};
use crate::marker::{Mark, Markers};

/// Events of one request that are published at once: a large batch must not use up what all requests share.
const PUBLISHES_AT_ONCE: usize = 32;

/// One event on its way out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub envelope: Envelope,
    /// Absent: the event is its own key and can never be repeated.
    pub mark: Option<Mark>,
}

/// The roads out of ingest.
pub struct Outbox {
    pub markers: Markers,
    pub publisher: Publisher,
    /// The exchange, for the span's name.
    pub exchange: String,
    pub shards: u16,
    pub counts: Arc<Counts>,
}

impl Outgoing {
    #[must_use]
    pub fn webhook_id(&self) -> Uuid {
        self.envelope.event.webhook_id
    }
}

impl Outbox {
    /// Those events that were not accepted before, as far as Redis remembers.
    pub async fn new_ones(&self, events: Vec<Outgoing>) -> Vec<Outgoing> {
        let marks: Vec<Mark> = events.iter().filter_map(|event| event.mark).collect();
        let mut known = self.markers.known(&marks).await.into_iter();
        events
            .into_iter()
            .filter(|event| event.mark.is_none() || known.next() != Some(true))
            .collect()
    }

    /// Publishes every event, remembers each that is confirmed and counts them. It is an error if only one is not: the
    /// sender must then send all of them again, and finds the confirmed ones known.
    ///
    /// # Errors
    /// The first publish that failed.
    pub async fn publish(
        &self,
        events: Vec<Outgoing>,
        confirming: Confirming,
    ) -> Result<(), PublishError> {
        let key = confirming.key();
        let results: Vec<(Option<Mark>, Result<(), PublishError>)> = stream::iter(events)
            .map(|event| async move { (event.mark, self.publish_one(&event, key).await) })
            .buffer_unordered(PUBLISHES_AT_ONCE)
            .collect()
            .await;
        let confirmed: Vec<Option<Mark>> = results
            .iter()
            .filter(|(_, result)| result.is_ok())
            .map(|(mark, _)| *mark)
            .collect();
        let marks: Vec<Mark> = confirmed.iter().copied().flatten().collect();
        self.markers.remember(&marks).await;
        confirming.confirmed(confirmed.len(), results.len());
        results.into_iter().try_for_each(|(_, result)| result)
    }

    async fn publish_one(&self, outgoing: &Outgoing, key: &Arc<Key>) -> Result<(), PublishError> {
        let event = &outgoing.envelope.event;
        let part = event.part_of(self.shards.into());
        let shard = u16::try_from(part).expect("it is less than the number of shards");
        let body = outgoing.envelope.encode();
        let span = self.span(event.webhook_id, shard, body.len());
        let TraceContext { traceparent, tracestate } = TraceContext::of(&span);
        let headers = Headers { traceparent, tracestate, ..Headers::default() };
        let (counts, key) = (Arc::clone(&self.counts), Arc::clone(key));
        let late = move || counts.recovered(&key, 1);
        let result = self
            .publisher
            .publish_or_late(Route::Work { shard }, (event.webhook_id, &headers), body, late)
            .instrument(span.clone())
            .await;
        if let Err(error) = &result {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", error.to_string());
        }
        result
    }

    /// By OpenTelemetry's conventions for messaging.
    fn span(&self, webhook_id: Uuid, shard: u16, body_bytes: usize) -> Span {
        tracing::info_span!(
            "publish",
            otel.name = %format_args!("publish {}", self.exchange),
            otel.kind = "producer",
            otel.status_code = tracing::field::Empty,
            error.type = tracing::field::Empty,
            messaging.system = "rabbitmq",
            messaging.operation.name = "publish",
            messaging.operation.type = "send",
            messaging.destination.name = self.exchange,
            messaging.rabbitmq.destination.routing_key = shard,
            messaging.message.id = %webhook_id,
            messaging.message.body.size = body_bytes,
        )
    }
}
