//! One trace per webhook, from the request through the broker to the commit, across a retry too.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection as _;
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;
use waybill_common::broker::Queue;
use waybill_common::clock::Clock;
use waybill_common::config::Config;
use waybill_common::storage::webhooks::{self, Webhook};
use waybill_common::telemetry::Scrape;
use waybill_ingest::Application;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::collector::Collector;
use waybill_test_support::database::refuse_once;
use waybill_test_support::redis::TestRedis;
use waybill_test_support::{TestDatabase, eventually, webhooks as senders};
use waybill_worker::Worker;

const SOON: Duration = Duration::from_secs(40);

/// The first try fails and is published to the delay queue; the second commits.
const EXPECTED: &str = "\
POST /webhooks/{source}
  publish waybill
    process waybill.work.v1.0 (linked)
      process waybill.work.v1.0 (linked)
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_goes_from_the_request_to_the_commit_across_a_retry() -> anyhow::Result<()> {
    let collector = Collector::start().await?;
    let telemetry = collector.telemetry("waybill")?;
    let system = System::start().await?;
    let refuse_once = refuse_once("SHAKY");
    system
        .database
        .owner()
        .await?
        .batch_execute(&refuse_once)
        .await?;

    let webhook = system.settled(system.send().await?).await;
    assert_eq!((webhook.verdict.as_deref(), webhook.attempts), (Some("applied"), 2));

    let prefix = system.broker.config.prefix.clone();
    let process = format!("process {}", system.broker.topology().name(Queue::Work { shard: 0 }));
    system.stop().await?;
    tokio::task::spawn_blocking(move || telemetry.finish()).await?;
    let root = &collector.spans("POST /webhooks/{source}", 1).await[0];
    collector.spans(&process, 2).await;
    assert_eq!(webhook.trace_id.as_ref(), Some(&root.trace));
    assert_eq!(
        collector
            .tree(&root.trace)
            .await
            .replace(&prefix, "waybill"),
        EXPECTED
    );
    Ok(())
}

/// A whole installation in this process.
struct System {
    database: TestDatabase,
    broker: TestBroker,
    _redis: TestRedis,
    ingest: Application,
    worker: Worker,
}

impl System {
    async fn start() -> anyhow::Result<Self> {
        let (database, broker, redis) =
            (TestDatabase::new().await?, TestBroker::new(), TestRedis::new());
        let config = config(&database, &broker, &redis);
        let ingest = Application::start(&config, Clock::system(), Scrape::default())?;
        let worker = Worker::start(config, Clock::system(), Scrape::default())?;
        let ready = async || match ingest.health.is_ready() && worker.health.is_ready() {
            true => Ok(()),
            false => Err("not ready"),
        };
        eventually(SOON, ready).await;
        Ok(Self { database, broker, _redis: redis, ingest, worker })
    }

    async fn stop(self) -> anyhow::Result<()> {
        anyhow::ensure!(self.ingest.stop().await, "ingest did not stop in time");
        anyhow::ensure!(self.worker.stop().await, "the worker did not stop in time");
        Ok(())
    }

    async fn send(&self) -> anyhow::Result<Uuid> {
        let body = json!({
            "order_uuid": "A-1",
            "txn_id": "SHAKY",
            "status": "paid",
            "amount": 99.99,
            "timestamp": Clock::system().now(),
            "metadata": { "currency": "EUR" },
        });
        let answer = reqwest::Client::new()
            .post(format!("http://{}/webhooks/payments", self.ingest.addr))
            .bearer_auth(senders::TOKEN)
            .json(&body)
            .send()
            .await?;
        anyhow::ensure!(answer.status() == StatusCode::ACCEPTED, "{}", answer.status());
        let answer: Value = answer.json().await?;
        Ok(serde_json::from_value(answer["webhook_log_id"].clone())?)
    }

    /// The webhook's row, once it has a verdict.
    async fn settled(&self, id: Uuid) -> Webhook {
        eventually(SOON, async || {
            let mut conn = self
                .database
                .connection()
                .await
                .map_err(|error| error.to_string())?;
            let found = webhooks::find(&mut conn, id)
                .await
                .map_err(|error| error.to_string())?;
            found
                .filter(|webhook| webhook.verdict.is_some())
                .ok_or_else(|| "no verdict yet".to_owned())
        })
        .await
    }
}

fn config(database: &TestDatabase, broker: &TestBroker, redis: &TestRedis) -> Config {
    let mut config = senders::config();
    config.database = database.settings().clone();
    config.broker = broker.config.clone();
    config.retry = broker.retry.clone();
    config.redis = redis.config.clone();
    let any = ([127, 0, 0, 1], 0).into();
    config.ingest.listen = any;
    config.ingest.ops_listen = any;
    config.ingest.lame_duck_ms = 0;
    config.worker.ops_listen = any;
    config
}
