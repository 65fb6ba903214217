use opentelemetry::propagation::{Extractor as _, Injector as _};
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;
use crate::telemetry::{TraceContext, link, trace_id};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Runs with places given, and the propagator that services set.
fn placed<T>(run: impl FnOnce() -> T) -> T {
    let propagator = opentelemetry_sdk::propagation::TraceContextPropagator::new();
    opentelemetry::global::set_text_map_propagator(propagator);
    with_default(Registry::default().with(Places), run)
}

fn parent() -> TraceContext {
    TraceContext { traceparent: Some(PARENT.into()), tracestate: Some("shop=7".into()) }
}

#[test]
fn a_span_without_a_parent_begins_a_trace_that_is_not_sampled() {
    placed(|| {
        let (one, other) = (tracing::info_span!("one"), tracing::info_span!("other"));
        let written = TraceContext::of(&one).traceparent.unwrap();
        assert_eq!(written.len(), PARENT.len());
        assert!(written.ends_with("-00"), "{written}");
        assert!(written.contains(&trace_id(&one).unwrap()), "{written}");
        assert_ne!(trace_id(&one), trace_id(&other));
    });
}

#[test]
fn a_child_is_in_its_parents_trace_at_a_place_of_its_own() {
    placed(|| {
        let parent = tracing::info_span!("parent");
        let child = parent.in_scope(|| tracing::info_span!("child"));
        assert_eq!(trace_id(&child), trace_id(&parent));
        assert_ne!(TraceContext::of(&child), TraceContext::of(&parent));
    });
}

#[test]
fn a_span_that_adopts_a_place_goes_on_with_its_trace_and_state() {
    placed(|| {
        let span = tracing::info_span!("process");
        parent().adopt(&span);
        assert_eq!(trace_id(&span).as_deref(), Some(TRACE));
        let place = TraceContext::of(&span);
        assert_eq!(place.tracestate.as_deref(), Some("shop=7"));
        assert_ne!(place.traceparent.as_deref(), Some(PARENT), "it has an id of its own");
    });
}

#[test]
fn a_place_that_cannot_be_read_changes_nothing() {
    placed(|| {
        let span = tracing::info_span!("process");
        let before = TraceContext::of(&span);
        for text in ["", "00-zz", "00-00000000000000000000000000000000-0000000000000000-00"] {
            let place = TraceContext { traceparent: Some(text.into()), tracestate: None };
            place.adopt(&span);
            link(&span, &place);
        }
        assert_eq!(TraceContext::of(&span), before);
    });
}

#[test]
fn a_link_moves_nothing() {
    placed(|| {
        let span = tracing::info_span!("request");
        let before = TraceContext::of(&span);
        link(&span, &parent());
        assert_eq!(TraceContext::of(&span), before);
    });
}

#[test]
fn a_disabled_span_is_nowhere() {
    placed(|| {
        assert_eq!(trace_id(&Span::none()), None);
        assert_eq!(TraceContext::of(&Span::none()), TraceContext::default());
        parent().adopt(&Span::none());
    });
}

#[test]
fn only_the_trace_context_of_a_carrier_is_taken() {
    let mut place = TraceContext::default();
    for (key, value) in [("baggage", "user=7"), ("tracestate", ""), ("traceparent", PARENT)] {
        place.set(key, value.to_owned());
    }
    assert_eq!(place, TraceContext { traceparent: Some(PARENT.into()), tracestate: None });
    assert_eq!(place.get("baggage"), None);
    assert!(
        place
            .keys()
            .iter()
            .all(|key| *key == "traceparent" || *key == "tracestate")
    );
}
