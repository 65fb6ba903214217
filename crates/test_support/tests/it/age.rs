//! A worker tells how old what it has in hand is, and ingest takes less because of it.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection as _;
use reqwest::StatusCode;
use waybill_common::broker::{Headers, Publisher, PublisherState, Route};
use waybill_common::clock::Clock;
use waybill_common::domain::Timestamp;
use waybill_common::shutdown::Shutdown;
use waybill_common::telemetry::Scrape;
use waybill_ingest::Application;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::redis::TestRedis;
use waybill_test_support::webhooks::{Sender, TOKEN, config};
use waybill_test_support::{TestDatabase, eventually};
use waybill_worker::Worker;

const SOON: Duration = Duration::from_secs(40);
const HOUR_MICROS: i64 = 3_600_000_000;

/// Sends webhooks until one is answered so.
async fn until_answered(ingest: &Application, expected: StatusCode) {
    let client = reqwest::Client::new();
    eventually(SOON, async || {
        let now = Clock::system().now();
        let body = serde_json::json!({
            "order_uuid": "A-1", "txn_id": format!("T-{}", now.micros()), "status": "paid",
            "amount": "1.00", "timestamp": now,
        });
        let request = client
            .post(format!("http://{}/webhooks/payments", ingest.addr))
            .bearer_auth(TOKEN)
            .header("content-type", "application/json")
            .body(body.to_string());
        match request.send().await.map(|response| response.status()) {
            Ok(status) if status == expected => Ok(()),
            seen => Err(format!("{seen:?}")),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ingest_refuses_while_a_worker_has_something_old_in_hand() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    // Ingest has a queue of its own, which nobody empties: an age counts only while others wait.
    let (redis, waiting, worked) = (TestRedis::new(), TestBroker::new(), TestBroker::new());
    let mut config = config();
    config.redis = redis.config.clone();
    config.database = database.settings().clone();
    config.worker.ops_listen = ([127, 0, 0, 1], 0).into();
    config.ingest.listen = ([127, 0, 0, 1], 0).into();
    config.ingest.ops_listen = ([127, 0, 0, 1], 0).into();
    config.ingest.lame_duck_ms = 0;
    let mut at_ingest = config.clone();
    (at_ingest.broker, at_ingest.retry) = (waiting.config.clone(), waiting.retry.clone());
    (config.broker, config.retry) = (worked.config.clone(), worked.retry.clone());
    let ingest = Application::start(&at_ingest, Clock::system(), Scrape::default())?;
    until_answered(&ingest, StatusCode::ACCEPTED).await;

    // An event that was received an hour ago, and a transaction that lets nobody at the orders.
    let mut owner = database.owner().await?;
    owner
        .batch_execute("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        .await?;
    worked.declare().await?;
    let shutdown = Shutdown::new();
    let publisher = Publisher::start(&worked.config, worked.topology(), &shutdown, "test");
    let mut state = publisher.state();
    state
        .wait_for(|state| *state == PublisherState::Ready)
        .await?;
    let now = Clock::system().now();
    let mut old = Sender::payments(now).native("A-2", "T-old", "paid", 1_00)?;
    old.received_at = Timestamp::from_micros(now.micros() - HOUR_MICROS)?;
    let worker = Worker::start(config, Clock::system(), Scrape::default())?;
    let (id, body) = (old.event.webhook_id, old.encode());
    publisher
        .publish(Route::Work { shard: 0 }, id, &Headers::default(), body)
        .await?;
    until_answered(&ingest, StatusCode::SERVICE_UNAVAILABLE).await;

    owner.batch_execute("ROLLBACK").await?;
    until_answered(&ingest, StatusCode::ACCEPTED).await;
    worker.stop().await;
    ingest.stop().await;
    publisher.drain(Duration::from_secs(2)).await;
    shutdown.finish(Duration::from_secs(5)).await;
    waiting.finish().await?;
    worked.finish().await
}
