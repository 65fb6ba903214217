//! From an understood request to confirmed messages: which events are new, their publishing, their markers.

use std::sync::Arc;

use futures_util::future::join_all;
use tracing::{Instrument as _, Span};
use uuid::Uuid;
use waybill_common::broker::{Headers, PublishError, Publisher, Route};
use waybill_common::domain::envelope::Envelope;
use waybill_common::telemetry::{ONLY_EXPORTED, TraceContext};

use crate::counts::{Counting, Counts};
use crate::marker::{Mark, Markers};

/// Events of one request that are published at once: a large batch must not use up what all requests share. `join_all`
/// polls so few in place, without a list of those that are awake.
const PUBLISHES_AT_ONCE: usize = 30;

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

impl Outbox {
    /// Those events that were not accepted before, as far as Redis remembers.
    pub async fn new_ones(&self, events: Vec<Outgoing>) -> Vec<Outgoing> {
        let marks: Vec<Mark> = events.iter().filter_map(|event| event.mark).collect();
        let mut known = self.markers.known(marks).await.into_iter();
        events
            .into_iter()
            .filter(|event| event.mark.is_none() || known.next() != Some(true))
            .collect()
    }

    /// Publishes every event, remembers each that is confirmed and counts it. It is an error if only one is not: the
    /// sender must then send all of them again, and finds the confirmed ones known.
    ///
    /// Dropped before its end it publishes no more, and what is on its way is remembered and counted when it is confirmed:
    /// a sender that hangs up leaves nothing half done.
    ///
    /// # Errors
    /// The first publish that failed.
    pub async fn publish(
        &self,
        events: &[Outgoing],
        counting: &Counting,
    ) -> Result<(), PublishError> {
        let mut results = Vec::with_capacity(events.len());
        for events in events.chunks(PUBLISHES_AT_ONCE) {
            let publishing = events.iter().map(|event| self.publish_one(event, counting));
            results.extend(join_all(publishing).await);
        }
        results.into_iter().collect()
    }

    async fn publish_one(
        &self,
        outgoing: &Outgoing,
        counting: &Counting,
    ) -> Result<(), PublishError> {
        let event = &outgoing.envelope.event;
        let part = event.part_of(self.shards.into());
        let shard = u16::try_from(part).expect("it is less than the number of shards");
        let body = outgoing.envelope.encode();
        let span = self.span(event.webhook_id, shard, body.len());
        let place = if span.is_disabled() { &Span::current() } else { &span };
        let TraceContext { traceparent, tracestate } = TraceContext::of(place);
        let headers = Headers { traceparent, tracestate, ..Headers::default() };
        let result = self
            .publisher
            .publish_or_late(
                Route::Work { shard },
                (event.webhook_id, &headers),
                body,
                self.late(outgoing.mark, counting),
            )
            .instrument(span.clone())
            .await;
        match &result {
            Ok(()) => {
                counting.confirmed();
                if let Some(mark) = outgoing.mark {
                    self.markers.remember(mark);
                }
            }
            Err(error) => {
                span.record("otel.status_code", "ERROR");
                span.record("error.type", error.to_string());
            }
        }
        result
    }

    /// For an event whose confirm comes when its sender was told 503, or has gone.
    fn late(
        &self,
        mark: Option<Mark>,
        counting: &Counting,
    ) -> impl FnOnce() + Send + use<> + 'static {
        let (markers, recovered) = (self.markers.clone(), counting.recovered());
        move || {
            if let Some(mark) = mark {
                markers.remember(mark);
            }
            recovered();
        }
    }

    /// By OpenTelemetry's conventions for messaging. Where nothing is exported, the message continues the request's span.
    fn span(&self, webhook_id: Uuid, shard: u16, body_bytes: usize) -> Span {
        tracing::info_span!(
            target: ONLY_EXPORTED,
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
