//! One trace per webhook: from the request into the message's headers. A stranger's trace is linked and no more.

use std::time::Duration;

use mock_collector::{MockServer, Protocol};
use waybill_common::broker::{Headers, Queue};
use waybill_common::config;
use waybill_common::telemetry;
use waybill_test_support::eventually;

use crate::support::{TOKEN, TestIngest, paid};

const STRANGERS_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trace_begins_with_the_request_and_goes_on_in_the_message() -> anyhow::Result<()> {
    let collector = MockServer::builder()
        .protocol(Protocol::HttpBinary)
        .start()
        .await?;
    let settings = config::Telemetry {
        otlp_endpoint: Some(format!("http://{}", collector.addr())),
        ..Default::default()
    };
    // The exporter's blocking client must not be made inside a runtime.
    let telemetry = std::thread::spawn(move || telemetry::start("waybill-ingest", &settings))
        .join()
        .expect("it does not panic")?;
    let ingest = TestIngest::start().await?;
    let sent = ingest
        .http
        .post(ingest.url("/webhooks/payments"))
        .header("authorization", TOKEN)
        .header("traceparent", format!("00-{STRANGERS_TRACE}-b7ad6b7169203331-01"))
        .header("baggage", "a=b")
        .body(paid("TXN_1").to_string());
    assert_eq!(sent.send().await?.status(), 202);
    let message = ingest
        .broker
        .take(Queue::Work { shard: 0 })
        .await?
        .expect("it was published");
    let headers = message.delivery.properties.headers().as_ref();
    let traceparent = Headers::decode(headers)
        .traceparent
        .expect("it has a trace");
    let exchange = ingest.broker.config.prefix.clone();
    let scrape = telemetry.scrape();
    ingest.finish().await?;
    tokio::task::spawn_blocking(move || telemetry.finish()).await?;

    let publish_name = format!("publish {exchange}");
    eventually(Duration::from_secs(10), async || {
        collector
            .with_collector(|seen| {
                let names: Vec<_> = seen
                    .spans()
                    .iter()
                    .map(|one| one.span().name.clone())
                    .collect();
                let both = names.iter().any(|name| *name == publish_name)
                    && names.iter().any(|name| name == "POST /webhooks/{source}");
                both.then_some(()).ok_or(names)
            })
            .await
    })
    .await;
    collector
        .with_collector(|seen| {
            let named = |name: &str| {
                seen.spans()
                    .iter()
                    .map(mock_collector::TestSpan::span)
                    .find(|span| span.name == name)
                    .expect("just seen")
            };
            let (root, publish) = (named("POST /webhooks/{source}"), named(&publish_name));
            assert!(root.parent_span_id.is_empty(), "a stranger is nobody's parent");
            assert_ne!(hex::encode(&root.trace_id), STRANGERS_TRACE);
            assert_eq!(hex::encode(&root.links[0].trace_id), STRANGERS_TRACE);
            assert_eq!(
                (publish.trace_id == root.trace_id, &publish.parent_span_id),
                (true, &root.span_id)
            );
            let expected = format!(
                "00-{}-{}-01",
                hex::encode(&publish.trace_id),
                hex::encode(&publish.span_id)
            );
            assert_eq!(traceparent, expected);
            assert_eq!((root.kind, publish.kind), (2, 4), "server and producer");
            seen.expect_span_with_name("POST /webhooks/{source}")
                .with_attributes([("http.route", "/webhooks/{source}"), ("source", "payments")])
                .assert_exists();
        })
        .await;
    let metrics = scrape.text()?;
    for expected in [
        r#"waybill_accepted_total{source="payments"} 1"#,
        r#"waybill_secret_used_total{secret="0",source="payments"} 1"#,
        r#"waybill_accept_seconds_count{source="payments"} 1"#,
        "waybill_in_flight 0",
    ] {
        assert!(metrics.contains(expected), "{expected} is not in {metrics}");
    }
    Ok(())
}
