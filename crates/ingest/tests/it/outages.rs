//! A broker that is away, full or silent; a Redis that is away or hangs.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::Instant;
use waybill_test_support::eventually;

use crate::support::{SOON, TestIngest, paid, told};

/// Nobody listens on it.
const NOWHERE: &str = "127.0.0.1:1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_broker_it_is_503_at_once_and_nothing_is_remembered() -> anyhow::Result<()> {
    let ingest = TestIngest::unready(|config| {
        config.broker.url = format!("amqp://guest:guest@{NOWHERE}/%2f").into();
    })?;
    let began = Instant::now();
    let response = ingest.pay(&paid("TXN_1")).await?;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(response.headers()["retry-after"], "5");
    let (status, body) = told(response).await?;
    assert_eq!(status, 503);
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    assert!(ingest.redis.keys()?.is_empty());
    let (status, lines) = ingest.readiness().await?;
    assert_eq!(status, 503);
    assert!(lines.contains("broker: disconnected"), "{lines}");
    ingest.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_never_answers_is_503_within_the_time_for_answers() -> anyhow::Result<()> {
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("amqp://guest:guest@{}/%2f", silent.local_addr()?);
    let ingest = TestIngest::unready(|config| config.broker.url = url.into())?;
    let began = Instant::now();
    assert_eq!(ingest.pay(&paid("TXN_1")).await?.status(), 503);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    ingest.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_the_backlog_is_503_and_a_repeat_is_still_known() -> anyhow::Result<()> {
    let ingest = TestIngest::with(|config| config.broker.max_backlog = 1).await?;
    ingest.until_redis_is_up().await;
    let mut accepted = 0;
    // The depth is looked at once a second, so a few more get in.
    eventually(SOON, async || {
        let webhook = paid(&format!("TXN_{accepted}"));
        let status = ingest.pay(&webhook).await.unwrap().status().as_u16();
        accepted += u32::from(status == 202);
        (status == 503).then_some(()).ok_or(status)
    })
    .await;
    assert!(accepted >= 2, "{accepted}");
    assert_eq!(ingest.pay(&paid("TXN_0")).await?.status(), 409);
    assert_eq!(ingest.published().await?.len(), accepted as usize);
    eventually(SOON, async || {
        let status = ingest
            .pay(&paid("TXN_again"))
            .await
            .unwrap()
            .status()
            .as_u16();
        (status == 202).then_some(()).ok_or(status)
    })
    .await;
    assert_eq!(ingest.published().await?.len(), 1);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_everything_is_published() -> anyhow::Result<()> {
    let ingest = TestIngest::with(|config| {
        config.redis.url = format!("redis://{NOWHERE}").as_str().into();
    })
    .await?;
    for _ in 0..3 {
        let began = Instant::now();
        assert_eq!(ingest.pay(&paid("TXN_1")).await?.status(), 202);
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
    assert_eq!(ingest.published().await?.len(), 3);
    eventually(SOON, async || {
        let (status, lines) = ingest.readiness().await.unwrap();
        (status == 200 && !lines.contains("redis: up"))
            .then_some(())
            .ok_or(lines)
    })
    .await;
    ingest.finish().await
}
