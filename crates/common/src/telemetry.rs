//! Logs, metrics and traces. Absent or failing telemetry never touches the flow of webhooks.
//!
//! Logs are JSON on standard output, one object a line, with the fields of the spans around them (`trace_id`,
//! `webhook.id`, `order.id`). Metrics are pulled from the ops listener, and pushed by OTLP together with traces where an
//! endpoint is configured.

mod places;
mod propagation;
mod request_span;
mod scrape;

pub use propagation::{TraceContext, link, trace_id};
pub use request_span::{RequestSpan, is_exported};
pub use scrape::Scrape;

use anyhow::Context as _;
use json_subscriber::JsonLayer;
use opentelemetry::metrics::Meter;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::{MetricExporter, Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{
    Aggregation, Instrument, InstrumentKind, SdkMeterProvider, Stream,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use opentelemetry_semantic_conventions::resource::{SERVICE_INSTANCE_ID, SERVICE_VERSION};
use tracing::Subscriber;
use tracing_subscriber::filter::{EnvFilter, LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry};

use self::places::Places;
use crate::config;

/// Said, because the default depends on what else is compiled in.
const PROTOCOL: Protocol = Protocol::HttpBinary;
/// Libraries that call out at every malformed request of a stranger, or at what is told in our own words. A configured
/// directive for the same target wins.
const QUIET: &str = "actix_http=off,lapin=off,actix_server=warn";
/// Upper bounds of every duration histogram, in seconds: from a fast disk's confirm to a sender's patience and beyond.
const SECONDS: [f64; 16] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 600.0,
];
/// Upper bounds of every histogram that counts things.
const COUNTS: [f64; 12] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0];

/// lapin logs a returned message whole, and payloads are never logged. Spans that are only exported say nothing that the
/// lines around them do not.
const NEVER_LOGGED: [&str; 2] = ["lapin::returned_messages=off", "waybill::exported=off"];
/// The target of spans that are made only where they are exported. Where they are not, they are
/// [disabled](tracing::Span::is_disabled), and what would be said of them is said of the span around them.
pub const ONLY_EXPORTED: &str = "waybill::exported";

/// Keeps telemetry running; what is still held back goes out when it is [finished](Self::finish).
#[derive(Debug)]
pub struct Telemetry {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
    scrape: Scrape,
}

/// Starts logs, metrics and traces for the whole process.
///
/// # Errors
/// Where the log filter or the endpoint cannot be read, or telemetry was started before.
pub fn start(service: &'static str, settings: &config::Telemetry) -> anyhow::Result<Telemetry> {
    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new(SERVICE_VERSION, env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new(SERVICE_INSTANCE_ID, uuid::Uuid::now_v7().to_string()))
        .build();
    let scrape = Scrape::default();
    let metrics = meter_provider(settings, resource.clone(), &scrape)?;
    let traces = tracer_provider(settings, resource)?;
    global::set_text_map_propagator(TraceContextPropagator::new());
    global::set_meter_provider(metrics.clone());
    global::set_tracer_provider(traces.clone());

    let mut filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse(format!("{QUIET},{}", settings.log))
        .with_context(|| format!("could not read telemetry.log «{}»", settings.log))?;
    for never in NEVER_LOGGED {
        let never = never.parse().expect("the directive is constant and valid");
        filter = filter.add_directive(never);
    }
    Registry::default()
        .with(spans(settings, &traces))
        .with(json_lines().with_filter(filter))
        .try_init()
        .context("could not start logging")?;
    Ok(Telemetry { traces, metrics, scrape })
}

/// Where every instrument comes from.
#[must_use]
pub fn meter() -> Meter {
    global::meter("waybill")
}

impl Telemetry {
    /// What the ops listener serves under `/metrics`.
    #[must_use]
    pub fn scrape(&self) -> Scrape {
        self.scrape.clone()
    }

    /// Sends what is held back and stops. Blocks: call it where nothing else runs any more.
    pub fn finish(self) {
        if let Err(error) = self.traces.shutdown() {
            tracing::warn!(%error, "could not send the last traces");
        }
        if let Err(error) = self.metrics.shutdown() {
            tracing::warn!(%error, "could not send the last metrics");
        }
    }
}

/// What gives spans their ids, and exports them where somebody is there to see them.
fn spans(
    settings: &config::Telemetry,
    traces: &SdkTracerProvider,
) -> Box<dyn Layer<Registry> + Send + Sync> {
    if settings.otlp_endpoint.is_none() {
        let ours = Targets::new()
            .with_target("waybill", LevelFilter::INFO)
            .with_target(ONLY_EXPORTED, LevelFilter::OFF);
        return Places.with_filter(ours).boxed();
    }
    let ours = Targets::new().with_target("waybill", LevelFilter::INFO);
    tracing_opentelemetry::layer()
        .with_tracer(traces.tracer("waybill"))
        // Nothing asks for the current context but by its span, and a future enters its spans at every poll.
        .with_context_activation(false)
        .with_tracked_inactivity(false)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_filter(ours)
        .boxed()
}

/// One JSON object a line; the fields of all spans around an event stand beside its own.
fn json_lines<S>() -> JsonLayer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let mut layer = JsonLayer::stdout();
    layer.with_timer("timestamp", tracing_subscriber::fmt::time::SystemTime);
    layer.with_level("level");
    layer.with_target("target");
    layer.with_flattened_event();
    layer.with_top_level_flattened_span_list();
    layer
}

fn tracer_provider(
    settings: &config::Telemetry,
    resource: Resource,
) -> anyhow::Result<SdkTracerProvider> {
    let builder = SdkTracerProvider::builder().with_resource(resource);
    let Some(endpoint) = &settings.otlp_endpoint else {
        // Trace ids are still made, by `places`.
        return Ok(builder.with_sampler(Sampler::AlwaysOff).build());
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(PROTOCOL)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()
        .context("could not prepare the export of traces")?;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.sample_ratio)));
    Ok(builder
        .with_sampler(sampler)
        .with_batch_exporter(exporter)
        .build())
}

fn meter_provider(
    settings: &config::Telemetry,
    resource: Resource,
    scrape: &Scrape,
) -> anyhow::Result<SdkMeterProvider> {
    let mut builder = SdkMeterProvider::builder()
        .with_resource(resource)
        .with_reader(
            scrape
                .reader()
                .context("could not prepare the metrics endpoint")?,
        )
        .with_view(buckets);
    if let Some(endpoint) = &settings.otlp_endpoint {
        let exporter = MetricExporter::builder()
            .with_http()
            .with_protocol(PROTOCOL)
            .with_endpoint(format!("{}/v1/metrics", endpoint.trim_end_matches('/')))
            .build()
            .context("could not prepare the export of metrics")?;
        builder = builder.with_periodic_exporter(exporter);
    }
    Ok(builder.build())
}

/// The SDK's default buckets are made for milliseconds; ours are told in seconds.
fn buckets(instrument: &Instrument) -> Option<Stream> {
    if instrument.kind() != InstrumentKind::Histogram {
        return None;
    }
    let boundaries = if instrument.unit() == "s" { SECONDS.to_vec() } else { COUNTS.to_vec() };
    Stream::builder()
        .with_aggregation(Aggregation::ExplicitBucketHistogram {
            boundaries,
            record_min_max: false,
        })
        .build()
        .ok()
}

#[cfg(test)]
mod tests;
