//! One trace per webhook: W3C trace context in and out of AMQP headers.

use opentelemetry::propagation::{Extractor, Injector};
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry::{Context, global};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::{is_exported, places};

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
        let mut written = Self::default();
        if let Some(place) = place(span) {
            let context = Context::new().with_remote_span_context(place);
            global::get_text_map_propagator(|propagator| {
                propagator.inject_context(&context, &mut written);
            });
        }
        written
    }

    /// Makes the span a child of this place.
    pub fn adopt(&self, span: &Span) {
        let Some(context) = self.extract() else {
            return;
        };
        places::adopt(span, context.span().span_context());
        // Refused only where the span has begun or is not traced: then there is nothing to connect.
        span.set_parent(context).unwrap_or_default();
    }

    fn extract(&self) -> Option<Context> {
        self.traceparent.as_ref()?;
        let context = global::get_text_map_propagator(|propagator| propagator.extract(self));
        context.span().span_context().is_valid().then_some(context)
    }
}

/// Says that `span` has to do with that place, without becoming part of its trace: for contexts that strangers send,
/// and for batches. Only an exported trace shows it.
pub fn link(span: &Span, place: &TraceContext) {
    if !is_exported() {
        return;
    }
    if let Some(context) = place.extract() {
        span.add_link(context.span().span_context().clone());
    }
}

/// The span's trace id in hex, where it has one.
#[must_use]
pub fn trace_id(span: &Span) -> Option<String> {
    place(span).map(|place| place.trace_id().to_string())
}

fn place(span: &Span) -> Option<SpanContext> {
    places::of(span).or_else(|| {
        let place = span.context().span().span_context().clone();
        place.is_valid().then_some(place)
    })
}

impl Injector for TraceContext {
    fn set(&mut self, key: &str, value: String) {
        match key {
            TRACEPARENT => self.traceparent = Some(value),
            TRACESTATE if !value.is_empty() => self.tracestate = Some(value),
            _ => {}
        }
    }
}

impl Extractor for TraceContext {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            TRACEPARENT => self.traceparent.as_deref(),
            TRACESTATE => self.tracestate.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT, TRACESTATE]
    }
}
