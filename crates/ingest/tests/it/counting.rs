//! What ingest tells about how much it accepted, and by which secrets.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;
use waybill_common::broker::Queue;
use waybill_common::domain::Timestamp;
use waybill_common::domain::counts::{Count, Report};
use waybill_ingest::counts::REPORT_EVERY;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::eventually;
use waybill_test_support::proxy::{Proxy, Weather};

use crate::support::{SOON, TOKEN, TestIngest, now, paid};

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
async fn what_each_secret_verified_is_told_with_it_and_nothing_that_is_made_of_one()
-> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let later = Timestamp::from_seconds(now().seconds() + 30)?;
    for (token, txn) in [("older-token", "A"), ("test-token", "B"), ("older-token", "C")] {
        let (bearer, body) = (format!("Bearer {token}"), paid(txn).to_string());
        let sent = ingest.send("/webhooks/payments", &bearer, body);
        assert_eq!(sent.await?.status(), 202);
        ingest.clock.set(later);
    }
    // Believed, though it cannot be used; and not believed.
    for (token, status) in [("test-token", 422), ("wrong-token", 401)] {
        let bearer = format!("Bearer {token}");
        let sent = ingest.send("/webhooks/payments", &bearer, "{}");
        assert_eq!(sent.await?.status(), status);
    }
    assert_eq!(ingest.published().await?.len(), 3);
    assert!(ingest.application.stop().await);

    let (mut told, mut texts) = (BTreeMap::new(), String::new());
    while let Some(message) = ingest.broker.take(Queue::Counts).await? {
        texts += &String::from_utf8(message.data.clone())?;
        for secret in Report::decode(&message.data)?.secrets {
            assert_eq!(secret.since, now());
            let place = (secret.source, secret.kind.as_str(), secret.position);
            told.insert(place, (secret.used, secret.last_used_at));
        }
    }
    let expected = [
        ("payments", "token", 0, (2, Some(later))),
        ("payments", "token", 1, (2, Some(later))),
        ("stripe", "secret", 0, (0, None)),
        ("stripe", "secret", 1, (0, None)),
    ];
    for (source, kind, position, used) in expected {
        assert_eq!(told.get(&(source.to_owned(), kind, position)), Some(&used), "{told:?}");
    }
    assert_eq!(told.len(), 7, "all sources have {told:?}");
    assert!(!texts.contains("-token") && !texts.contains("whsec"), "{texts}");
    ingest.broker.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_never_idle_reports_no_more_often() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let began = Instant::now();
    let (over, accepted) = (AtomicBool::new(false), AtomicU32::new(0));
    let senders = (0..4).map(|sender| {
        let (over, accepted, ingest) = (&over, &accepted, &ingest);
        async move {
            for number in 0.. {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let sent = ingest.pay(&paid(&format!("TXN_{sender}_{number}"))).await;
                assert_eq!(sent.expect("it is answered").status(), 202);
                accepted.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    let (mut told, mut reports) = (Told::new(), 0);
    let watching = async {
        while told.is_empty() {
            reports += take_reports(&ingest.broker, &mut told).await?;
        }
        // As many again would have been a report each.
        let seen = accepted.load(Ordering::SeqCst);
        eventually(SOON, async || {
            let more = accepted.load(Ordering::SeqCst) - seen;
            (more > 100).then_some(()).ok_or(more)
        })
        .await;
        over.store(true, Ordering::SeqCst);
        anyhow::Ok(())
    };
    let (_, watched) = tokio::join!(join_all(senders), watching);
    watched?;
    assert!(ingest.application.stop().await);
    reports += take_reports(&ingest.broker, &mut told).await?;

    let (all, _) = told.values().next().copied().expect("one minute");
    assert_eq!(all, u64::from(accepted.load(Ordering::SeqCst)), "all were told in the end");
    // At the start, at each tick, at the end.
    let ticks = began.elapsed().as_secs() / REPORT_EVERY.as_secs();
    assert!(reports as u64 <= ticks + 2, "{reports} reports, {ticks} ticks");
    ingest.broker.finish().await
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
