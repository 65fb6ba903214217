//! A whole ingest on free ports, with a topology and a Redis prefix of its own.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use waybill_common::broker::Queue;
use waybill_common::clock::Clock;
use waybill_common::config::{self, Config};
use waybill_common::domain::Timestamp;
use waybill_common::domain::envelope::Envelope;
use waybill_common::telemetry::Scrape;
use waybill_ingest::Application;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::eventually;
use waybill_test_support::redis::TestRedis;

/// Long enough for a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(10);
/// When every test takes place: 2026-01-01T12:00:00Z.
const NOON_SECONDS: i64 = 1_767_268_800;
pub(crate) const TOKEN: &str = "Bearer test-token";

const SOURCES: &str = r#"
profile = "demo"
[ingest]
listen = "127.0.0.1:0"
ops_listen = "127.0.0.1:0"
lame_duck_ms = 0
[sources.payments]
provider = "native"
tokens = ["test-token", "older-token"]
default_currency = "USD"
[sources.quiet]
provider = "native"
tokens = ["quiet-token"]
default_currency = "USD"
duplicate_status = 200
[sources.admin]
provider = "native"
tokens = ["admin-token"]
default_currency = "USD"
rate_limit = { requests = 3, window_seconds = 60, per = "ip" }
[sources.shared]
provider = "native"
tokens = ["shared-token"]
default_currency = "USD"
rate_limit = { requests = 2, window_seconds = 3600, per = "source" }
[sources.stripe]
provider = "stripe"
secrets = ["whsec_test", "whsec_older"]
live = false
order_ref = "/metadata/order_id"
"#;

pub(crate) struct TestIngest {
    pub(crate) application: Application,
    pub(crate) clock: Clock,
    pub(crate) broker: TestBroker,
    pub(crate) redis: TestRedis,
    pub(crate) http: reqwest::Client,
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(NOON_SECONDS).expect("it lies in 2026")
}

/// A native webhook that nobody can find fault with.
pub(crate) fn paid(txn: &str) -> Value {
    json!({
        "order_uuid": "550e8400-e29b-41d4-a716-446655440000",
        "txn_id": txn,
        "status": "paid",
        "amount": 99.99,
        "timestamp": "2026-01-01T11:59:30Z",
        "metadata": { "currency": "USD" },
    })
}

/// Configuration with everything that a test does not care about.
pub(crate) fn config(broker: &TestBroker, redis: &TestRedis) -> Config {
    let mut config = config::from_toml(SOURCES).expect("it is consistent");
    config.broker = broker.config.clone();
    config.retry = broker.retry.clone();
    config.redis = redis.config.clone();
    config
}

impl TestIngest {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        Self::with(|_| {}).await
    }

    /// Started with a changed configuration, and ready.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> anyhow::Result<Self> {
        Self::between(TestBroker::new(), TestRedis::new(), change).await
    }

    /// Started with these servers, and ready.
    pub(crate) async fn between(
        broker: TestBroker,
        redis: TestRedis,
        change: impl FnOnce(&mut Config),
    ) -> anyhow::Result<Self> {
        let ingest = Self::begin(broker, redis, change)?;
        eventually(SOON, async || {
            ingest
                .application
                .health
                .is_ready()
                .then_some(())
                .ok_or("unready")
        })
        .await;
        Ok(ingest)
    }

    /// Started with a changed configuration; whether it is ready is the test's business.
    pub(crate) fn unready(change: impl FnOnce(&mut Config)) -> anyhow::Result<Self> {
        Self::begin(TestBroker::new(), TestRedis::new(), change)
    }

    fn begin(
        broker: TestBroker,
        redis: TestRedis,
        change: impl FnOnce(&mut Config),
    ) -> anyhow::Result<Self> {
        let mut config = config(&broker, &redis);
        change(&mut config);
        let clock = Clock::fixed_at(now());
        let application = Application::start(&config, clock.clone(), Scrape::default())?;
        Ok(Self { application, clock, broker, redis, http: reqwest::Client::new() })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.application.addr)
    }

    /// A native webhook to `payments`.
    pub(crate) async fn pay(&self, body: &Value) -> anyhow::Result<Response> {
        self.send("/webhooks/payments", TOKEN, body.to_string())
            .await
    }

    pub(crate) async fn send(
        &self,
        path: &str,
        authorization: &str,
        body: impl Into<String>,
    ) -> anyhow::Result<Response> {
        let request = self
            .http
            .post(self.url(path))
            .header("authorization", authorization)
            .header("content-type", "application/json")
            .body(body.into());
        Ok(request.send().await?)
    }

    /// One line per dependency, and whether ingest is ready.
    pub(crate) async fn readiness(&self) -> anyhow::Result<(StatusCode, String)> {
        let url = format!("http://{}/readyz", self.application.ops_addr);
        let response = self.http.get(url).send().await?;
        Ok((response.status(), response.text().await?))
    }

    /// Ready does not mean that Redis is there already.
    pub(crate) async fn until_redis_is_up(&self) {
        eventually(SOON, async || {
            let (_, lines) = self.readiness().await.expect("it serves");
            lines.contains("redis: up").then_some(()).ok_or(lines)
        })
        .await;
    }

    /// Takes everything out of the work queue.
    pub(crate) async fn published(&self) -> anyhow::Result<Vec<Envelope>> {
        let mut found = Vec::new();
        while let Some(message) = self.broker.take(Queue::Work { shard: 0 }).await? {
            found.push(Envelope::decode(&message.data)?);
        }
        Ok(found)
    }

    /// Stops, and fails where something is left in the queue that the test has not looked at.
    pub(crate) async fn finish(self) -> anyhow::Result<()> {
        anyhow::ensure!(self.published().await?.is_empty(), "published, but not expected");
        self.end().await
    }

    pub(crate) async fn end(self) -> anyhow::Result<()> {
        anyhow::ensure!(self.application.stop().await, "did not stop in time");
        self.broker.finish().await
    }
}

/// The status and the JSON body.
pub(crate) async fn told(response: Response) -> anyhow::Result<(u16, Value)> {
    let status = response.status().as_u16();
    Ok((status, response.json().await?))
}
