//! One trace per webhook: from the request into the message's headers. A stranger's trace is linked and no more.

use mock_collector::{MockServer, Protocol, ServerHandle, TestSpan};
use waybill_common::broker::{Headers, Queue};
use waybill_common::config;
use waybill_common::telemetry::{self, Telemetry};
use waybill_test_support::eventually;

use crate::support::{SOON, TOKEN, TestIngest, paid};

const STRANGERS_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
/// Kinds of spans as OTLP numbers them.
const SERVER: i32 = 2;
const PRODUCER: i32 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trace_begins_with_the_request_and_goes_on_in_the_message() -> anyhow::Result<()> {
    let collector = MockServer::builder()
        .protocol(Protocol::HttpBinary)
        .start()
        .await?;
    let telemetry = start(format!("http://{}", collector.addr()))?;
    let ingest = TestIngest::start().await?;
    let publish_name = format!("publish {}", ingest.broker.config.prefix);
    let traceparent = send(&ingest).await?;
    ingest.finish().await?;
    check_counted(&telemetry.scrape().text()?);
    tokio::task::spawn_blocking(move || telemetry.finish()).await?;

    let root = span(&collector, "POST /webhooks/{source}").await;
    let publish = span(&collector, &publish_name).await;
    assert_eq!(root.parent, "", "a stranger is nobody's parent");
    assert_ne!(root.trace, STRANGERS_TRACE);
    assert_eq!(root.linked, [STRANGERS_TRACE]);
    assert_eq!((&publish.trace, &publish.parent), (&root.trace, &root.id));
    assert_eq!((root.kind, publish.kind), (SERVER, PRODUCER));
    assert_eq!(traceparent, format!("00-{}-{}-01", publish.trace, publish.id));
    Ok(())
}

/// The exporter's blocking client must not be made inside a runtime.
fn start(endpoint: String) -> anyhow::Result<Telemetry> {
    let settings = config::Telemetry { otlp_endpoint: Some(endpoint), ..Default::default() };
    std::thread::spawn(move || telemetry::start("waybill-ingest", &settings))
        .join()
        .expect("it does not panic")
}

/// Sends one webhook with a stranger's trace; returns the place in a trace that its message carries.
async fn send(ingest: &TestIngest) -> anyhow::Result<String> {
    let sent = ingest
        .http
        .post(ingest.url("/webhooks/payments"))
        .header("authorization", TOKEN)
        .header("traceparent", format!("00-{STRANGERS_TRACE}-b7ad6b7169203331-01"))
        .header("baggage", "a=b")
        .body(paid("TXN_1").to_string());
    assert_eq!(sent.send().await?.status(), 202);
    let message = ingest.broker.take(Queue::Work { shard: 0 }).await?;
    let message = message.expect("it was confirmed");
    let headers = message.delivery.properties.headers().as_ref();
    Ok(Headers::decode(headers)
        .traceparent
        .expect("it has a trace"))
}

/// What the collector was told of one span, ids in hex.
struct Seen {
    trace: String,
    id: String,
    parent: String,
    kind: i32,
    linked: Vec<String>,
}

impl From<&TestSpan> for Seen {
    fn from(told: &TestSpan) -> Self {
        let span = told.span();
        Self {
            trace: hex::encode(&span.trace_id),
            id: hex::encode(&span.span_id),
            parent: hex::encode(&span.parent_span_id),
            kind: span.kind,
            linked: span
                .links
                .iter()
                .map(|link| hex::encode(&link.trace_id))
                .collect(),
        }
    }
}

async fn span(collector: &ServerHandle, name: &str) -> Seen {
    eventually(SOON, async || {
        collector
            .with_collector(|seen| {
                let found = seen.spans().iter().find(|told| told.span().name == name);
                found.map(Seen::from).ok_or_else(|| seen.dump())
            })
            .await
    })
    .await
}

fn check_counted(metrics: &str) {
    for expected in [
        r#"waybill_accepted_total{source="payments"} 1"#,
        r#"waybill_secret_used_total{secret="0",source="payments"} 1"#,
        r#"waybill_accept_seconds_count{source="payments"} 1"#,
        "waybill_in_flight 0",
    ] {
        assert!(metrics.contains(expected), "{expected} is not in {metrics}");
    }
}
