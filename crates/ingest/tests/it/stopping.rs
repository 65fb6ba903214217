//! Stopping loses nothing and answers nothing wrongly.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use waybill_test_support::eventually;

use crate::support::{SOON, TOKEN, TestIngest, paid};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_under_load_loses_nothing_and_answers_nothing_wrongly() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let TestIngest { application, broker, redis, http, .. } = ingest;
    let url = format!("http://{}/webhooks/payments", application.addr);
    let (accepted, over) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let senders: Vec<_> = (0..16)
        .map(|sender| {
            let (accepted, over) = (Arc::clone(&accepted), Arc::clone(&over));
            let (http, url) = (http.clone(), url.clone());
            async move {
                for number in 0.. {
                    let body = paid(&format!("TXN_{sender}_{number}")).to_string();
                    let sent = http
                        .post(&url)
                        .header("authorization", TOKEN)
                        .body(body)
                        .send();
                    match sent.await {
                        Ok(response) if response.status() == 202 => {
                            accepted.fetch_add(1, Ordering::SeqCst);
                        }
                        Ok(response) => panic!("answered {}", response.status()),
                        // Not taken: the sender will come again.
                        Err(_) if over.load(Ordering::SeqCst) => return,
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        })
        .collect();
    let stopping = async {
        eventually(SOON, async || {
            let so_far = accepted.load(Ordering::SeqCst);
            (so_far >= 100).then_some(()).ok_or(so_far)
        })
        .await;
        over.store(true, Ordering::SeqCst);
        application.stop().await
    };
    let (_, stopped) = tokio::join!(futures_util::future::join_all(senders), stopping);
    assert!(stopped);

    // Read over the looker's own connection: nothing of the stopped application is left.
    let ready = broker
        .ready(waybill_common::broker::Queue::Work { shard: 0 })
        .await?;
    let accepted = accepted.load(Ordering::SeqCst);
    assert!(ready >= accepted, "{accepted} were accepted, {ready} are there");
    assert_eq!(redis.keys()?.len(), ready as usize, "each is remembered");
    broker.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_unready_first_and_still_serves() -> anyhow::Result<()> {
    let ingest = TestIngest::with(|config| config.ingest.lame_duck_ms = 1_500).await?;
    let TestIngest { application, broker, redis: _redis, http, .. } = ingest;
    let url = format!("http://{}/webhooks/payments", application.addr);
    let readyz = format!("http://{}/readyz", application.ops_addr);
    let looking = async {
        let began = Instant::now();
        eventually(SOON, async || {
            let ready = http.get(&readyz).send().await.unwrap().status().as_u16();
            (ready == 503).then_some(()).ok_or(ready)
        })
        .await;
        let sent = http
            .post(&url)
            .header("authorization", TOKEN)
            .body(paid("TXN_1").to_string());
        let status = sent.send().await?.status();
        anyhow::ensure!(began.elapsed() < Duration::from_millis(1_500), "looked too late");
        Ok(status.as_u16())
    };
    let (stopped, status) = tokio::join!(application.stop(), looking);
    assert_eq!((stopped, status?), (true, 202));
    assert!(http.post(&url).send().await.is_err(), "nobody listens any more");
    broker.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_do_not_hold_up_the_end() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    assert_eq!(ingest.pay(&paid("TXN_1")).await?.status(), 202);
    let _silent = tokio::net::TcpStream::connect(ingest.application.addr).await?;
    sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    ingest.published().await?;
    ingest.finish().await?;
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    Ok(())
}
