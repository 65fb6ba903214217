//! One trace per webhook: W3C trace context in and out of AMQP headers.

use std::collections::HashMap;

use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, global};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// A place in a trace, as it travels with a message. Baggage never travels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceContext {
    pub traceparent: Option<String>,
    pub tracestate: Option<String>,
}

impl TraceContext {
    /// The given span's place; empty where there is no trace.
    #[must_use]
    pub fn of(span: &Span) -> Self {
        let mut carrier = HashMap::new();
        let context = span.context();
        global::get_text_map_propagator(|propagator| {
            propagator.inject_context(&context, &mut carrier)
        });
        Self {
            traceparent: carrier.remove(TRACEPARENT),
            tracestate: carrier
                .remove(TRACESTATE)
                .filter(|state: &String| !state.is_empty()),
        }
    }

    /// Makes the span a child of this place.
    pub fn adopt(&self, span: &Span) {
        // Refused only where the span has begun or is not traced: then there is nothing to connect.
        span.set_parent(self.extract()).unwrap_or_default();
    }

    fn extract(&self) -> Context {
        let carrier: HashMap<String, String> =
            [(TRACEPARENT, &self.traceparent), (TRACESTATE, &self.tracestate)]
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
                .collect();
        global::get_text_map_propagator(|propagator| propagator.extract(&carrier))
    }
}

/// Says that `span` has to do with that place, without becoming part of its trace: for contexts that strangers send,
/// and for batches.
pub fn link(span: &Span, place: &TraceContext) {
    let context = place.extract();
    let place = context.span().span_context().clone();
    if place.is_valid() {
        span.add_link(place);
    }
}

/// The span's trace id in hex, where it has one.
#[must_use]
pub fn trace_id(span: &Span) -> Option<String> {
    let context = span.context();
    let place = context.span().span_context().clone();
    place.is_valid().then(|| place.trace_id().to_string())
}
