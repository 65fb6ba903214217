//! Places in traces where no span is exported: ids for logs, messages and the `webhooks` table, and nothing else.
//!
//! A span of the OpenTelemetry layer gathers attributes, links and times whether anybody will see them or not; at ten
//! thousand webhooks a second that was a third of what receiving one cost (docs/PERFORMANCE.md).

use opentelemetry::trace::{SpanContext, TraceFlags, TraceState};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};
use tracing::span::{Attributes, Id};
use tracing::{Span, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// Gives every span a place: in its parent's trace, else in a new one that is not sampled.
pub(super) struct Places;

struct Place(SpanContext);

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Places {
    fn on_new_span(&self, _fields: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else {
            return;
        };
        let place = match span.parent().and_then(|parent| place(&parent)) {
            Some(parent) => below(&parent),
            None => root(),
        };
        span.extensions_mut().insert(Place(place));
    }
}

/// Where a span is, if this layer has placed it.
pub(super) fn of(span: &Span) -> Option<SpanContext> {
    with(span, place).flatten()
}

/// Moves a span, if this layer has placed it, below a place that came from elsewhere.
pub(super) fn adopt(span: &Span, parent: &SpanContext) {
    with(span, |span| {
        if let Some(place) = span.extensions_mut().get_mut::<Place>() {
            place.0 = below(parent);
        }
    });
}

fn with<T>(span: &Span, look: impl FnOnce(&SpanRef<'_, Registry>) -> T) -> Option<T> {
    span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        Some(look(&registry.span(id)?))
    })
    .flatten()
}

fn place<S: for<'span> LookupSpan<'span>>(span: &SpanRef<'_, S>) -> Option<SpanContext> {
    span.extensions()
        .get::<Place>()
        .map(|place| place.0.clone())
}

fn root() -> SpanContext {
    let (trace, id) =
        (RandomIdGenerator::default().new_trace_id(), RandomIdGenerator::default().new_span_id());
    SpanContext::new(trace, id, TraceFlags::default(), false, TraceState::NONE)
}

fn below(parent: &SpanContext) -> SpanContext {
    let id = RandomIdGenerator::default().new_span_id();
    SpanContext::new(
        parent.trace_id(),
        id,
        parent.trace_flags(),
        false,
        parent.trace_state().clone(),
    )
}

#[cfg(test)]
mod tests;
