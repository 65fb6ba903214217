use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::Tracer as _;

use super::*;

#[test]
fn metrics_are_told_in_prometheus_text_with_our_buckets() {
    let scrape = Scrape::default();
    let settings = config::Telemetry::default();
    let provider = meter_provider(&settings, Resource::builder_empty().build(), &scrape).unwrap();
    let meter = provider.meter("waybill");
    meter
        .u64_counter("waybill.accepted")
        .build()
        .add(2, &[KeyValue::new("source", "stripe")]);
    meter
        .f64_histogram("waybill.accept")
        .with_unit("s")
        .build()
        .record(0.004, &[]);

    let text = scrape.text().unwrap();
    assert!(text.contains(r#"waybill_accepted_total{source="stripe"} 2"#), "{text}");
    assert!(text.contains(r#"waybill_accept_seconds_bucket{le="0.005"} 1"#), "{text}");
    assert!(text.contains(r#"waybill_accept_seconds_bucket{le="0.002"} 0"#), "{text}");
}

#[test]
fn an_endpoint_that_nobody_answers_does_not_stop_the_start() {
    let settings = config::Telemetry {
        otlp_endpoint: Some("http://127.0.0.1:1".into()),
        ..Default::default()
    };
    let provider = tracer_provider(&settings, Resource::builder_empty().build()).unwrap();
    let span = provider.tracer("t").start("a span that cannot be sent");
    drop(span);
}
