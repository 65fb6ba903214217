//! One trace per webhook: from the message's headers to the commit, across a retry too.

use waybill_common::broker::{Headers, Queue, Route};
use waybill_common::domain::Verdict;
use waybill_test_support::collector::{CONSUMER, Collector};
use waybill_test_support::database::refuse_once;

use crate::system::TestSystem;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PUBLISH: &str = "b7ad6b7169203331";

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_retried_stays_in_the_trace_it_was_published_in() -> anyhow::Result<()> {
    let collector = Collector::start().await?;
    let telemetry = collector.telemetry("waybill-worker")?;
    let system = TestSystem::start().await?;
    system.sql(&refuse_once("SHAKY")).await?;
    let webhook = system.payments.native("A-1", "SHAKY", "paid", 1_00)?;
    let traceparent = Some(format!("00-{TRACE}-{PUBLISH}-01"));
    let headers = Headers { traceparent, ..Headers::default() };
    system
        .send(Route::Work { shard: 0 }, &webhook, &headers)
        .await?;
    assert_eq!(system.verdicts([&webhook]).await, [Verdict::Applied]);
    let name = format!("process {}", system.broker.topology().name(Queue::Work { shard: 0 }));
    let order = system.order("A-1").await?;
    system.finish(&[]).await?;
    let metrics = telemetry.scrape().text()?;
    tokio::task::spawn_blocking(move || telemetry.finish()).await?;

    let process = collector.spans(&name, 2).await;
    let (first, second) = match &process[..] {
        [a, b] if a.parent == PUBLISH => (a, b),
        [a, b] => (b, a),
        _ => anyhow::bail!("{} spans", process.len()),
    };
    assert_eq!((first.trace.as_str(), first.parent.as_str()), (TRACE, PUBLISH));
    assert_eq!((second.trace.as_str(), &second.parent), (TRACE, &first.id));
    assert_eq!((first.kind, second.kind), (CONSUMER, CONSUMER));
    let told = |name: &str| second.attributes.contains(&name.to_owned());
    assert!(told("webhook.id") && told("order.id"), "{:?}", second.attributes);
    let commits: Vec<String> = collector
        .spans("commit", 2)
        .await
        .into_iter()
        .map(|commit| commit.trace)
        .collect();
    for process in [first, second] {
        assert!(process.linked.iter().all(|trace| commits.contains(trace)));
        assert_eq!(process.linked.len(), 1, "linked with its batch");
    }
    check_counted(&metrics);
    assert_eq!(order.version, 1);
    Ok(())
}

fn check_counted(metrics: &str) {
    for expected in [
        r#"waybill_verdicts_total{source="payments",verdict="applied"} 1"#,
        r#"waybill_retries_total{delay_ms="1000"} 1"#,
        "waybill_end_to_end_seconds_count 1",
        "waybill_batch_size_count 2",
        "waybill_breaker_open 0",
    ] {
        assert!(metrics.contains(expected), "{expected} is not in {metrics}");
    }
}
