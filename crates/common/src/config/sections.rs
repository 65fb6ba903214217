//! The sections that every binary shares, with their defaults.

use std::net::SocketAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::SecretText;

/// What kind of installation this is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Refuses weak, empty, shared or sample secrets.
    #[default]
    Production,
    Demo,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    pub url: SecretText,
    /// Used by `waybill migrate`; absent: `url`.
    pub migrate_url: Option<SecretText>,
    /// The role that services take, whatever they connect as.
    pub role: String,
    pub pool_max: usize,
    pub connect_timeout_ms: u64,
    pub statement_timeout_ms: u64,
    pub lock_timeout_ms: u64,
    /// The whole transaction of a batch, seen from the worker.
    pub transaction_timeout_ms: u64,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: "postgres://waybill@127.0.0.1/waybill".into(),
            migrate_url: None,
            role: "waybill_app".into(),
            pool_max: 8,
            connect_timeout_ms: 3_000,
            statement_timeout_ms: 5_000,
            lock_timeout_ms: 2_000,
            transaction_timeout_ms: 8_000,
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redis {
    pub url: SecretText,
    /// Before every key: `<prefix>:lock:<reference>`, `<prefix>:seen:<event key>`, `<prefix>:rate:<…>`.
    pub prefix: String,
    pub connect_timeout_ms: u64,
    /// How long ingest waits for an answer before it goes on without.
    pub ingest_timeout_ms: u64,
    /// How long a worker waits for an answer before it goes on without.
    pub worker_timeout_ms: u64,
    /// How long an accepted event is remembered; at least as long as senders repeat.
    pub marker_ttl_seconds: u64,
}

impl Default for Redis {
    fn default() -> Self {
        Self {
            url: "redis://127.0.0.1:6379/0".into(),
            prefix: "waybill".into(),
            connect_timeout_ms: 1_000,
            ingest_timeout_ms: 100,
            worker_timeout_ms: 250,
            // Standard Webhooks' example schedule runs 75 hours.
            marker_ttl_seconds: 80 * 3600,
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Broker {
    pub url: SecretText,
    /// Before every exchange and queue.
    pub prefix: String,
    /// Work queues; more than one only where one queue is the limit.
    pub shards: u16,
    /// Ready messages; above it ingest answers 503.
    pub max_backlog: u64,
    pub connect_timeout_ms: u64,
    pub confirm_timeout_ms: u64,
    /// Publishes that wait for their confirm at once; above it ingest answers 503.
    pub in_flight_max: usize,
    pub heartbeat_seconds: u16,
}

impl Default for Broker {
    fn default() -> Self {
        Self {
            url: "amqp://guest:guest@127.0.0.1:5672/%2f".into(),
            prefix: "waybill".into(),
            shards: 1,
            max_backlog: 1_000_000,
            connect_timeout_ms: 3_000,
            confirm_timeout_ms: 3_000,
            in_flight_max: 512,
            heartbeat_seconds: 10,
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ingest {
    pub listen: SocketAddr,
    pub ops_listen: SocketAddr,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Which address of `X-Forwarded-For` is the client's, counted from the right, 1 being the last.
    pub forwarded_for_position: usize,
    pub max_body_bytes: usize,
    /// Connections held at once by the whole process.
    pub max_connections: usize,
    /// A request's head must be there by then.
    pub head_timeout_ms: u64,
    /// How long a connection may wait for its next request.
    pub keep_alive_ms: u64,
    /// After this long, or this many requests, a connection is closed with its next answer.
    pub connection_age_max_ms: u64,
    pub connection_requests_max: u32,
    /// The whole body must be there by then.
    pub body_timeout_ms: u64,
    /// From the body's end to the answer; more is 503.
    pub answer_timeout_ms: u64,
    /// Failing requests that one address may make in a minute before it gets 429.
    pub failures_per_minute: u32,
    /// How long it goes on serving after it has become unready.
    pub lame_duck_ms: u64,
    pub drain_timeout_ms: u64,
}

impl Default for Ingest {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 8000)),
            ops_listen: SocketAddr::from(([127, 0, 0, 1], 9000)),
            trusted_proxies: Vec::new(),
            forwarded_for_position: 1,
            max_body_bytes: 256 * 1024,
            max_connections: 2_048,
            head_timeout_ms: 5_000,
            keep_alive_ms: 15_000,
            connection_age_max_ms: 120_000,
            connection_requests_max: 1_000,
            body_timeout_ms: 5_000,
            answer_timeout_ms: 4_000,
            failures_per_minute: 60,
            lame_duck_ms: 8_000,
            drain_timeout_ms: 10_000,
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Worker {
    pub ops_listen: SocketAddr,
    /// Batches in flight. While events of an order are in hand, others of it join them in their lane.
    pub lanes: usize,
    /// From a stop signal to the last acknowledgement.
    pub drain_timeout_ms: u64,
    /// The shortest time that an outage pauses consumption.
    pub breaker_open_min_ms: u64,
    pub breaker_open_max_ms: u64,
}

impl Default for Worker {
    fn default() -> Self {
        Self {
            ops_listen: SocketAddr::from(([127, 0, 0, 1], 9001)),
            lanes: 2,
            drain_timeout_ms: 20_000,
            breaker_open_min_ms: 15_000,
            breaker_open_max_ms: 300_000,
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Batch {
    pub max_events: usize,
    pub linger_ms: u64,
}

impl Default for Batch {
    fn default() -> Self {
        Self { max_events: 500, linger_ms: 5 }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lock {
    pub mode: LockMode,
    pub ttl_ms: u64,
    /// How long an event waits for a busy order inside the worker before it goes to a delay queue.
    pub wait_ms: u64,
    /// Deferrals before one counts as an attempt.
    pub defers_max: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LockMode {
    #[default]
    Redis,
    /// Correctness must not depend on the lock.
    Off,
}

impl Default for Lock {
    fn default() -> Self {
        Self { mode: LockMode::default(), ttl_ms: 15_000, wait_ms: 2_000, defers_max: 200 }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// One delay queue each; after the last the event is dead.
    pub delays_seconds: Vec<u64>,
    /// Between two looks at an event whose lock or version was missed.
    pub defer_ms: u64,
    /// Between two looks at a message of a version that this worker does not know.
    pub unknown_version_ms: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            delays_seconds: vec![5, 10, 30, 60, 120, 600, 1_800, 7_200, 21_600],
            defer_ms: 1_000,
            unknown_version_ms: 60_000,
        }
    }
}

/// From when on ingest takes less: the more is waiting, the less. The hard limit of the depth is `broker.max_backlog`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backpressure {
    /// Ready messages.
    pub soft_depth: u64,
    /// How long the oldest message in a worker's hand has been on its way.
    pub soft_age_seconds: u64,
    pub hard_age_seconds: u64,
}

impl Default for Backpressure {
    fn default() -> Self {
        Self { soft_depth: 100_000, soft_age_seconds: 60, hard_age_seconds: 900 }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Console {
    pub listen: SocketAddr,
    pub ops_listen: SocketAddr,
    /// Where browsers find it, such as `https://waybill.example.com`. With `https` cookies are sent encrypted only.
    /// Absent: `http://` and `listen`.
    pub public_url: Option<String>,
    /// Where a trace can be looked at, with `{trace_id}` for its id, such as `https://jaeger.example.com/trace/{trace_id}`.
    /// Absent: pages show the id alone.
    pub trace_url: Option<String>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Which address of `X-Forwarded-For` is the client's, counted from the right, 1 being the last.
    pub forwarded_for_position: usize,
    /// Connections that only read, and those that write.
    pub read_pool_max: usize,
    pub write_pool_max: usize,
    /// How long one statement of a page or an answer may run.
    pub statement_timeout_ms: u64,
    /// A session ends after so long without a request, and after so long in any case.
    pub session_idle_minutes: u32,
    pub session_max_minutes: u32,
    /// Failed sign-ins within a quarter of an hour, before an account or an address has to wait.
    pub account_failures_max: u32,
    pub address_failures_max: u32,
    /// What exports of trails are signed with: an Ed25519 private key as PKCS#8 in PEM. Empty: nothing is exported; in the
    /// demo profile by a key that is made at start.
    pub export_key: SecretText,
    pub drain_timeout_ms: u64,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            ops_listen: SocketAddr::from(([127, 0, 0, 1], 9002)),
            public_url: None,
            trace_url: None,
            trusted_proxies: Vec::new(),
            forwarded_for_position: 1,
            read_pool_max: 8,
            write_pool_max: 2,
            statement_timeout_ms: 2_000,
            session_idle_minutes: 60,
            session_max_minutes: 720,
            account_failures_max: 10,
            address_failures_max: 30,
            export_key: SecretText::default(),
            drain_timeout_ms: 5_000,
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// What is logged, as `tracing_subscriber::EnvFilter` reads it; `RUST_LOG` wins.
    pub log: String,
    /// Where traces and metrics go by OTLP over HTTP, such as `http://127.0.0.1:4318`; absent: nowhere. The standard
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` sets it too.
    pub otlp_endpoint: Option<String>,
    /// The share of traces that is kept, 0 to 1.
    pub sample_ratio: f64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { log: "info".into(), otlp_endpoint: None, sample_ratio: 1.0 }
    }
}
