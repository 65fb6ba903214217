//! The root span of a request to a service, by OpenTelemetry's conventions for HTTP servers.

use super::{ONLY_EXPORTED, TraceContext, link, trace_id};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, USER_AGENT};
use tracing::field::Empty;
use tracing::{Level, Span};
use tracing_actix_web::RootSpanBuilder;

/// Strangers' text in a span is cut to this many characters.
const TEXT_CHARS_MAX: usize = 200;

/// Makes `POST /webhooks/{source}`. What only some services know has a place in it, and stays empty in the others.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let span = tracing::info_span!(
            "request",
            otel.name = Empty,
            otel.kind = Empty,
            otel.status_code = Empty,
            http.request.method = %cut(request.method().as_str()),
            http.route = request.match_pattern(),
            http.response.status_code = Empty,
            url.path = Empty,
            url.scheme = Empty,
            network.protocol.version = Empty,
            user_agent.original = Empty,
            error.type = Empty,
            client.address = Empty,
            caller = Empty,
            correlation.id = Empty,
            source = Empty,
            webhook.id = Empty,
            trace_id = Empty,
        );
        if is_exported() {
            describe(&span, request);
        }
        // A stranger's trace is none of ours: it may be followed from here, but decides nothing, sampling included.
        link(&span, &stranger(request.headers()));
        if let Some(trace) = trace_id(&span) {
            span.record("trace_id", trace);
        }
        span
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        if !is_exported() {
            return;
        }
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", status.as_str());
        }
    }
}

/// Whether anybody is there to see what only traces show.
#[must_use]
pub fn is_exported() -> bool {
    tracing::enabled!(target: ONLY_EXPORTED, Level::INFO)
}

/// What only a trace shows: where nobody sees traces, it would cost more than reading the webhook does.
fn describe(span: &Span, request: &ServiceRequest) {
    let method = request.method().as_str();
    let name = match request.match_pattern() {
        Some(route) => format!("{method} {route}"),
        None => method.to_owned(),
    };
    span.record("otel.name", cut(&name))
        .record("otel.kind", "server")
        .record("url.path", cut(request.path()))
        .record("url.scheme", "http")
        .record("network.protocol.version", version(request))
        .record("user_agent.original", cut(&text(request.headers(), &USER_AGENT)));
}

fn stranger(headers: &HeaderMap) -> TraceContext {
    let once = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
    TraceContext { traceparent: once("traceparent"), tracestate: once("tracestate") }
}

fn version(request: &ServiceRequest) -> &'static str {
    if request.version() == actix_web::http::Version::HTTP_10 { "1.0" } else { "1.1" }
}

fn text(headers: &HeaderMap, name: &actix_web::http::header::HeaderName) -> String {
    headers
        .get(name)
        .map_or_else(String::new, |value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}
