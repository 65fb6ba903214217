//! One trace per webhook: from the request into the message's headers. A stranger's trace is linked and no more. And
//! what is counted on the way.

use waybill_common::broker::{Headers, Queue};
use waybill_test_support::collector::{Collector, PRODUCER, SERVER};

use crate::support::{TOKEN, TestIngest, paid};

const STRANGERS_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trace_begins_with_the_request_and_goes_on_in_the_message() -> anyhow::Result<()> {
    let collector = Collector::start().await?;
    let telemetry = collector.telemetry("waybill-ingest")?;
    let ingest = TestIngest::start().await?;
    let publish_name = format!("publish {}", ingest.broker.config.prefix);
    let traceparent = send(&ingest).await?;
    ingest.finish().await?;
    check_counted(&telemetry.scrape().text()?);
    tokio::task::spawn_blocking(move || telemetry.finish()).await?;

    let root = &collector.spans("POST /webhooks/{source}", 1).await[0];
    let publish = &collector.spans(&publish_name, 1).await[0];
    assert_eq!(root.parent, "", "a stranger is nobody's parent");
    assert_ne!(root.trace, STRANGERS_TRACE);
    assert_eq!(root.linked, [STRANGERS_TRACE]);
    assert_eq!((&publish.trace, &publish.parent), (&root.trace, &root.id));
    assert_eq!((root.kind, publish.kind), (SERVER, PRODUCER));
    assert_eq!(traceparent, format!("00-{}-{}-01", publish.trace, publish.id));
    Ok(())
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn which_secret_matched_is_counted_so_that_an_old_one_can_be_taken_away() -> anyhow::Result<()>
{
    let collector = Collector::start().await?;
    let telemetry = collector.telemetry("waybill-ingest")?;
    let ingest = TestIngest::start().await?;
    for (token, txn) in [("older-token", "A"), ("test-token", "B"), ("older-token", "C")] {
        let authorization = format!("Bearer {token}");
        let sent = ingest
            .send("/webhooks/payments", &authorization, paid(txn).to_string())
            .await?;
        assert_eq!(sent.status(), 202);
    }
    let refused = ingest
        .send("/webhooks/payments", "Bearer wrong", paid("D").to_string())
        .await?;
    assert_eq!(refused.status(), 401);
    let metrics = telemetry.scrape().text()?;
    for expected in [
        r#"waybill_secret_used_total{secret="0",source="payments"} 1"#,
        r#"waybill_secret_used_total{secret="1",source="payments"} 2"#,
        r#"waybill_rejected_total{reason="signature_mismatch",source="payments"} 1"#,
    ] {
        assert!(metrics.contains(expected), "{expected} is not in {metrics}");
    }
    assert_eq!(ingest.published().await?.len(), 3);
    ingest.finish().await?;
    tokio::task::spawn_blocking(move || telemetry.finish()).await?;
    Ok(())
}
