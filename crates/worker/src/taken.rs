//! A delivery as the worker has read it.

use sha2::{Digest as _, Sha256};
use tracing::Span;
use tracing::field::Empty;
use uuid::Uuid;
use waybill_common::broker::{Delivery, Headers, Queue};
use waybill_common::domain::envelope::{Envelope, EnvelopeError};
use waybill_common::storage::commit::Pending;
use waybill_common::telemetry::{TraceContext, is_exported, trace_id};

use crate::batch::{Item, SUSPECT_FROM};
use crate::engine::Engine;
use crate::progress::{InHand, Passage};
use crate::seats::{Seat, Seats};

/// A message in hand, whatever it says: what is needed to hand it on or acknowledge it.
#[derive(Debug)]
pub(crate) struct Hand {
    pub(crate) delivery: Delivery,
    /// Which of the session's channels it came on: only there can it be acknowledged.
    pub(crate) channel: usize,
    pub(crate) span: Span,
    in_hand: Option<InHand>,
    /// Its place in a lane.
    seat: Option<Seat>,
}

/// A message that is an accepted event.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) hand: Hand,
    pub(crate) pending: Pending,
}

/// What a delivery turned out to be.
#[derive(Debug)]
pub(crate) enum Taken {
    Webhook(Box<Event>),
    /// Written by a newer Waybill: it waits for a worker that understands it.
    Newer {
        hand: Box<Hand>,
        version: u64,
    },
    /// Not a message of ours.
    Malformed {
        hand: Box<Hand>,
        error: EnvelopeError,
    },
}

impl Taken {
    /// Reads a delivery that came on the session's `channel`. `queue` is the queue's name.
    pub(crate) fn read(delivery: Delivery, channel: usize, queue: &str, engine: &Engine) -> Self {
        let read = Envelope::decode(&delivery.body);
        let webhook_id = read.as_ref().ok().map(|read| read.event.webhook_id);
        let span = span(&delivery, queue, webhook_id);
        let hand = Hand { delivery, channel, span, in_hand: None, seat: None };
        match read {
            Ok(envelope) => Self::Webhook(Box::new(Event::new(hand, envelope, engine))),
            Err(EnvelopeError::UnknownVersion(version)) => {
                Self::Newer { hand: Box::new(hand), version }
            }
            Err(error) => Self::Malformed { hand: Box::new(hand), error },
        }
    }

    pub(crate) fn into_webhook(self) -> Option<Event> {
        match self {
            Self::Webhook(event) => Some(*event),
            Self::Newer { .. } | Self::Malformed { .. } => None,
        }
    }

    pub(crate) fn into_hand(self) -> Hand {
        match self {
            Self::Webhook(event) => event.hand,
            Self::Newer { hand, .. } | Self::Malformed { hand, .. } => *hand,
        }
    }

    pub(crate) fn hand(&self) -> &Hand {
        match self {
            Self::Webhook(event) => &event.hand,
            Self::Newer { hand, .. } | Self::Malformed { hand, .. } => hand,
        }
    }
}

impl Event {
    fn new(mut hand: Hand, envelope: Envelope, engine: &Engine) -> Self {
        let pending = Pending {
            namespace: engine
                .config
                .namespace_of(&envelope.event.source)
                .to_owned(),
            attempts: hand.delivery.headers.attempt,
            replayed: hand.delivery.headers.replay.is_some(),
            trace_id: trace_id(&hand.span),
            envelope,
        };
        let Headers { attempt, defer, replay, .. } = &hand.delivery.headers;
        let passage = match (attempt, defer, replay) {
            (0, 0, None) => Passage::Straight,
            _ => Passage::Detour,
        };
        hand.in_hand = Some(engine.progress.take(pending.envelope.received_at, passage));
        Self { hand, pending }
    }

    pub(crate) fn into_parts(self) -> (Hand, Pending) {
        (self.hand, self.pending)
    }

    /// The names that are locked while it is processed.
    pub(crate) fn references(&self) -> impl Iterator<Item = &str> {
        self.pending
            .envelope
            .event
            .order_refs
            .iter()
            .map(|reference| reference.name.as_str())
    }
}

impl Hand {
    /// The message's id; of one that carries none, made from its bytes, so that it is the same each time.
    pub(crate) fn message_id(&self) -> Uuid {
        self.delivery
            .message_id
            .unwrap_or_else(|| id_of_bytes(&self.delivery.body))
    }

    /// Its place in a lane, which is taken until this is dropped.
    pub(crate) fn leave_seat(&mut self) -> Option<Seat> {
        self.seat.take()
    }

    /// The headers for handing it on: what it came with, continued from this hand's own place in the trace.
    pub(crate) fn headers(&self) -> Headers {
        let place = TraceContext::of(&self.span);
        let came_with = &self.delivery.headers;
        Headers {
            traceparent: place.traceparent.or_else(|| came_with.traceparent.clone()),
            tracestate: place.tracestate.or_else(|| came_with.tracestate.clone()),
            ..came_with.clone()
        }
    }

    /// Whether it is to be processed alone, away from the others. Suspects stay where they are.
    pub(crate) fn is_suspect(&self) -> bool {
        self.delivery.delivery_count >= SUSPECT_FROM && self.delivery.queue != Queue::Suspect
    }
}

impl Item for Taken {
    fn delivery_count(&self) -> u32 {
        self.hand().delivery.delivery_count
    }

    fn take_seat(&mut self, seats: &Seats, lane: usize) -> usize {
        match self {
            Self::Webhook(event) => {
                // Repeats of an event meet, too, and one that names no order is known by its key alone.
                let key = &event.pending.envelope.event.dedup_key;
                let seat = seats.take(event.references().chain([key.as_str()]), lane);
                event.hand.seat.insert(seat).lane
            }
            Self::Newer { .. } | Self::Malformed { .. } => lane,
        }
    }
}

/// An id (uuid v8) for bytes that carry none.
pub(crate) fn id_of_bytes(bytes: &[u8]) -> Uuid {
    let hash = Sha256::digest(bytes);
    Uuid::new_v8(std::array::from_fn(|index| hash[index]))
}

/// The consumer's span, a child of the publish that the message carries.
fn span(delivery: &Delivery, queue: &str, webhook_id: Option<Uuid>) -> Span {
    let headers = &delivery.headers;
    let span = tracing::info_span!(
        "process",
        otel.name = Empty,
        otel.kind = Empty,
        otel.status_code = Empty,
        messaging.system = Empty,
        messaging.operation.name = Empty,
        messaging.operation.type = Empty,
        messaging.destination.name = queue,
        webhook.id = webhook_id.map(display),
        order.id = Empty,
        attempt.number = headers.attempt,
        verdict = Empty,
    );
    if is_exported() {
        describe(&span, queue);
    }
    TraceContext {
        traceparent: headers.traceparent.clone(),
        tracestate: headers.tracestate.clone(),
    }
    .adopt(&span);
    span
}

/// What only a trace shows.
fn describe(span: &Span, queue: &str) {
    span.record("otel.name", format!("process {queue}"))
        .record("otel.kind", "consumer")
        .record("messaging.system", "rabbitmq")
        .record("messaging.operation.name", "process")
        .record("messaging.operation.type", "process");
}
