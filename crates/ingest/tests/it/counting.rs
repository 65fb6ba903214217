//! What ingest tells about how much it accepted.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use waybill_common::broker::Queue;
use waybill_common::domain::Timestamp;
use waybill_common::domain::counts::{Count, Report};
use waybill_test_support::broker::TestBroker;
use waybill_test_support::eventually;
use waybill_test_support::proxy::{Proxy, Weather};

use crate::support::{SOON, TOKEN, TestIngest, paid};

/// Accepted and recovered, by source and minute: the greatest of what was told so far.
type Told = BTreeMap<(String, Timestamp), (u64, u64)>;

/// Takes the reports off their queue; all are of one replica.
async fn take_reports(broker: &TestBroker, told: &mut Told) -> anyhow::Result<usize> {
    let mut reports = 0;
    while let Some(message) = broker.take(Queue::Counts).await? {
        reports += 1;
        for Count { source, minute, accepted, recovered } in Report::decode(&message.data)?.counts {
            let known = told.entry((source, minute)).or_default();
            *known = (known.0.max(accepted), known.1.max(recovered));
        }
    }
    Ok(reports)
}

async fn until_told(broker: &TestBroker, expected: (u64, u64)) {
    let mut told = Told::new();
    eventually(SOON, async || {
        take_reports(broker, &mut told)
            .await
            .map_err(|error| format!("{error:#}"))?;
        match told.values().next() {
            Some(known) if *known == expected => Ok(()),
            _ => Err(format!("{told:?}")),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_is_told_by_source_and_minute_before_it_ends() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    ingest.until_redis_is_up().await;
    for txn in ["TXN_1", "TXN_2", "TXN_3"] {
        assert_eq!(ingest.pay(&paid(txn)).await?.status(), 202);
    }
    let quiet = ingest.send("/webhooks/quiet", "Bearer quiet-token", paid("TXN_4").to_string());
    assert_eq!(quiet.await?.status(), 202);
    // None of these is an acceptance.
    assert_eq!(ingest.pay(&paid("TXN_1")).await?.status(), 409);
    assert_eq!(
        ingest
            .send("/webhooks/payments", "Bearer x", "{}")
            .await?
            .status(),
        401
    );
    assert_eq!(
        ingest
            .send("/webhooks/payments", TOKEN, "{}")
            .await?
            .status(),
        422
    );
    assert_eq!(ingest.published().await?.len(), 4);

    assert!(ingest.application.stop().await);

    let mut told = Told::new();
    take_reports(&ingest.broker, &mut told).await?;
    let minute = Timestamp::parse("2026-01-01T12:00:00Z")?;
    let expected =
        [(("payments".to_owned(), minute), (3, 0)), (("quiet".to_owned(), minute), (1, 0))];
    assert_eq!(told, Told::from(expected));
    ingest.broker.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_accepted_is_told_while_it_runs_and_only_when_it_grows() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    assert_eq!(ingest.pay(&paid("TXN_1")).await?.status(), 202);
    until_told(&ingest.broker, (1, 0)).await;
    assert_eq!(ingest.pay(&paid("TXN_2")).await?.status(), 202);
    until_told(&ingest.broker, (2, 0)).await;
    assert_eq!(ingest.published().await?.len(), 2);

    let TestIngest { application, broker, .. } = ingest;
    assert!(application.stop().await);

    assert_eq!(take_reports(&broker, &mut Told::new()).await?, 0, "all was told");
    broker.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirm_that_comes_after_the_503_is_told_as_recovered() -> anyhow::Result<()> {
    let broker = TestBroker::new();
    let (proxy, through) = Proxy::before(broker.config.url.expose()).await?;
    let ingest = TestIngest::with(|config| {
        config.broker.url = through.as_str().into();
        config.broker.confirm_timeout_ms = 1_000;
    })
    .await?;
    // The publish arrives and its confirm comes back, but later than is waited for.
    proxy.set(Weather::Slow(Duration::from_millis(700)));
    assert_eq!(ingest.pay(&paid("TXN_1")).await?.status(), 503);
    eventually(SOON, async || match ingest.broker.ready(Queue::Work { shard: 0 }).await {
        Ok(1) => Ok(()),
        seen => Err(format!("{seen:?}")),
    })
    .await;
    proxy.set(Weather::Fair);

    until_told(&ingest.broker, (0, 1)).await;
    assert_eq!(ingest.published().await?.len(), 1);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_confirmed_for_a_sender_who_hung_up_is_told_as_recovered() -> anyhow::Result<()> {
    let broker = TestBroker::new();
    let (proxy, through) = Proxy::before(broker.config.url.expose()).await?;
    let ingest = TestIngest::with(|config| config.broker.url = through.as_str().into()).await?;
    proxy.set(Weather::Slow(Duration::from_millis(500)));
    let body = paid("TXN_1").to_string();
    let mut socket = TcpStream::connect(ingest.application.addr).await?;
    let head = format!(
        "POST /webhooks/payments HTTP/1.1\r\nhost: x\r\nauthorization: {TOKEN}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all((head + &body).as_bytes()).await?;
    eventually(SOON, async || match ingest.broker.ready(Queue::Work { shard: 0 }).await {
        Ok(1) => Ok(()),
        seen => Err(format!("{seen:?}")),
    })
    .await;
    socket.set_zero_linger()?;
    drop(socket);

    until_told(&ingest.broker, (0, 1)).await;
    proxy.set(Weather::Fair);
    assert_eq!(ingest.published().await?.len(), 1);
    ingest.finish().await
}
