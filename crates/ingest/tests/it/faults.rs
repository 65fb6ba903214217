//! What breaks while it runs: the network to the broker, the broker itself, Redis.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use waybill_common::broker::Queue;
use waybill_common::config::Config;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::environment::amqp_url;
use waybill_test_support::eventually;
use waybill_test_support::private::{PrivateRabbit, PrivateRedis, Signal};
use waybill_test_support::proxy::{Proxy, Weather};
use waybill_test_support::redis::TestRedis;

use crate::support::{SOON, TOKEN, TestIngest, paid, told};

/// A RabbitMQ starts again in seconds, or in many on a busy machine.
const AT_LAST: Duration = Duration::from_secs(60);

/// A proxy before the shared broker, and a change that leads ingest through it.
async fn proxied() -> anyhow::Result<(Proxy, impl FnOnce(&mut Config))> {
    let url = amqp_url();
    let (before, rest) = url.split_once('@').unwrap_or(("amqp://guest:guest", &url));
    let (address, path) = rest.split_once('/').unwrap_or((rest, "%2f"));
    let target = tokio::net::lookup_host(address).await?.next();
    let proxy = Proxy::to(target.ok_or_else(|| anyhow::anyhow!("no address in {url}"))?).await?;
    let through = format!("{before}@{}/{path}", proxy.address());
    Ok((proxy, move |config: &mut Config| config.broker.url = through.into()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_confirmed_is_503_and_not_remembered() -> anyhow::Result<()> {
    let (proxy, through) = proxied().await?;
    let ingest = TestIngest::with(|config| {
        through(config);
        config.broker.confirm_timeout_ms = 500;
    })
    .await?;
    proxy.set(Weather::Blackhole);
    let began = Instant::now();
    let response = ingest.pay(&paid("TXN_1")).await?;
    assert_eq!(response.headers()["retry-after"], "5");
    assert_eq!(told(response).await?.0, 503);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert!(ingest.redis.keys()?.is_empty());

    proxy.set(Weather::Fair);
    eventually(SOON, async || {
        let status = ingest
            .pay(&paid("TXN_1"))
            .await
            .map(|response| response.status());
        // A try that was told 503 may be confirmed late, and is known to the next.
        matches!(status, Ok(taken) if taken == 202 || taken == 409)
            .then_some(())
            .ok_or(status)
    })
    .await;
    // Nobody waits for a marker, but whoever asks next finds it.
    assert_eq!(ingest.pay(&paid("TXN_1")).await?.status(), 409);
    assert_eq!(ingest.redis.keys()?.len(), 1);
    // The first may have arrived as well: it has the same key, and the database decides.
    let keys: HashSet<_> = ingest
        .published()
        .await?
        .iter()
        .map(|envelope| envelope.event.key())
        .collect();
    assert_eq!(keys.len(), 1);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_that_hangs_up_before_the_confirm_is_published_and_remembered()
-> anyhow::Result<()> {
    let (proxy, through) = proxied().await?;
    let ingest = TestIngest::with(through).await?;
    proxy.set(Weather::Slow(Duration::from_millis(500)));
    let body = paid("TXN_1").to_string();
    let mut socket = TcpStream::connect(ingest.application.addr).await?;
    let head = format!(
        "POST /webhooks/payments HTTP/1.1\r\nhost: x\r\nauthorization: {TOKEN}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all((head + &body).as_bytes()).await?;
    // It is with the broker now, and the confirm is on its way for half a second more.
    eventually(SOON, async || {
        let ready = ingest
            .broker
            .ready(Queue::Work { shard: 0 })
            .await
            .map_err(|e| e.to_string())?;
        (ready == 1)
            .then_some(())
            .ok_or("nothing published".to_owned())
    })
    .await;
    socket.set_zero_linger()?;
    drop(socket);
    eventually(SOON, async || {
        let marked = ingest.redis.keys().map_err(|error| error.to_string())?;
        (marked.len() == 1)
            .then_some(())
            .ok_or("not remembered".to_owned())
    })
    .await;
    proxy.set(Weather::Fair);
    assert_eq!(ingest.pay(&paid("TXN_1")).await?.status(), 409);
    assert_eq!(ingest.published().await?.len(), 1);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_unconfirmed_at_once_than_allowed_is_503() -> anyhow::Result<()> {
    let (proxy, through) = proxied().await?;
    let ingest = TestIngest::with(|config| {
        through(config);
        config.broker.in_flight_max = 2;
    })
    .await?;
    proxy.set(Weather::Slow(Duration::from_millis(300)));
    let webhooks: Vec<Value> = (0..8)
        .map(|number| paid(&format!("TXN_{number}")))
        .collect();
    let mut statuses = Vec::new();
    for response in join_all(webhooks.iter().map(|webhook| ingest.pay(webhook))).await {
        statuses.push(response?.status().as_u16());
    }
    proxy.set(Weather::Fair);
    let accepted = statuses.iter().filter(|status| **status == 202).count();
    assert!((1..=2).contains(&accepted), "{statuses:?}");
    assert!(statuses.iter().all(|status| [202, 503].contains(status)), "{statuses:?}");
    assert_eq!(ingest.published().await?.len(), accepted);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_lose_nothing_that_was_accepted() -> anyhow::Result<()> {
    let (proxy, through) = proxied().await?;
    let ingest = TestIngest::with(through).await?;
    let sender = async |sender: usize| -> anyhow::Result<Vec<String>> {
        let mut accepted = Vec::new();
        for number in 0..40 {
            let webhook = paid(&format!("TXN_{sender}_{number}"));
            match told(ingest.pay(&webhook).await?).await? {
                (202, Value::Object(body)) => accepted.push(body["webhook_log_id"].to_string()),
                (503, _) => sleep(Duration::from_millis(20)).await,
                other => anyhow::bail!("{other:?}"),
            }
        }
        Ok(accepted)
    };
    let cutting = async {
        for _ in 0..5 {
            sleep(Duration::from_millis(150)).await;
            proxy.cut();
        }
    };
    let (sent, ()) = tokio::join!(join_all((0..8).map(sender)), cutting);
    let mut accepted = HashSet::new();
    for of_one in sent {
        accepted.extend(of_one?);
    }
    let published: HashSet<String> = ingest
        .published()
        .await?
        .iter()
        .map(|envelope| format!("\"{}\"", envelope.event.webhook_id))
        .collect();
    assert!(!accepted.is_empty());
    assert!(accepted.is_subset(&published), "{:?}", accepted.difference(&published));
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_costs_its_time_once() -> anyhow::Result<()> {
    let redis = PrivateRedis::start().await?;
    let ingest =
        TestIngest::between(TestBroker::new(), TestRedis::on(&redis.url()), |_| {}).await?;
    eventually(SOON, async || {
        let (_, lines) = ingest
            .readiness()
            .await
            .map_err(|error| error.to_string())?;
        lines.contains("redis: up").then_some(()).ok_or(lines)
    })
    .await;
    assert_eq!(ingest.pay(&paid("TXN_0")).await?.status(), 202);
    assert_eq!(ingest.pay(&paid("TXN_0")).await?.status(), 409);

    redis.signal(Signal::Stop)?;
    let began = Instant::now();
    for number in 1..=60 {
        assert_eq!(ingest.pay(&paid(&format!("TXN_{number}"))).await?.status(), 202);
    }
    // Were it the limit of 100 ms each, it would be six seconds at least.
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(ingest.pay(&paid("TXN_0")).await?.status(), 202, "unknown, so it is published");
    let (status, lines) = ingest.readiness().await?;
    assert_eq!(status, 200, "{lines}");

    redis.signal(Signal::Cont)?;
    eventually(SOON, async || {
        let status = ingest
            .pay(&paid("TXN_0"))
            .await
            .map(|response| response.status());
        matches!(status, Ok(known) if known == 409)
            .then_some(())
            .ok_or(status)
    })
    .await;
    assert!(ingest.published().await?.len() >= 62);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_blocks_or_dies_is_503_at_once_and_comes_back() -> anyhow::Result<()> {
    let mut rabbit = PrivateRabbit::start().await?;
    let ingest =
        TestIngest::between(TestBroker::on(&rabbit.url()), TestRedis::new(), |_| {}).await?;
    assert_eq!(ingest.pay(&paid("TXN_0")).await?.status(), 202);

    rabbit.alarm(true).await?;
    // The broker says so only when something is published; whoever that is waits no longer than allowed.
    eventually(AT_LAST, async || {
        let began = Instant::now();
        let status = ingest
            .pay(&paid("TXN_first"))
            .await
            .map(|response| response.status());
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
        let (_, lines) = ingest
            .readiness()
            .await
            .map_err(|error| error.to_string())?;
        lines
            .contains("broker: blocked")
            .then_some(())
            .ok_or(format!("{status:?} {lines}"))
    })
    .await;
    check_refused_at_once(&ingest).await?;
    rabbit.alarm(false).await?;
    check_accepted_at_last(&ingest, "TXN_unblocked").await;

    rabbit.end(Signal::Kill).await?;
    eventually(SOON, async || {
        let (status, lines) = ingest
            .readiness()
            .await
            .map_err(|error| error.to_string())?;
        (status == 503).then_some(()).ok_or(lines)
    })
    .await;
    check_refused_at_once(&ingest).await?;
    rabbit.start_again().await?;
    check_accepted_at_last(&ingest, "TXN_restarted").await;
    anyhow::ensure!(ingest.application.stop().await, "did not stop in time");
    Ok(())
}

async fn check_refused_at_once(ingest: &TestIngest) -> anyhow::Result<()> {
    for _ in 0..5 {
        let began = Instant::now();
        assert_eq!(ingest.pay(&paid("TXN_refused")).await?.status(), 503);
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
    Ok(())
}

async fn check_accepted_at_last(ingest: &TestIngest, txn: &str) {
    eventually(AT_LAST, async || {
        let status = ingest
            .pay(&paid(txn))
            .await
            .map(|response| response.status());
        matches!(status, Ok(accepted) if accepted == 202)
            .then_some(())
            .ok_or(status)
    })
    .await;
}
