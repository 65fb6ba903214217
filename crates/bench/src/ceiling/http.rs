//! The same clients and requests, answered by a server that believes everything, and does nothing, or publishes each as it
//! came, or remembers it in Redis too: what the libraries that ingest is built of cost when nothing is between them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Context as _;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{AsyncCommands as _, Client};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::load::Prepared;
use crate::machine::{Raw, Stage};
use crate::storm::storm_of;

/// As long as ingest's answer.
const ANSWER: &str = r#"{"message":"Webhook received and queued for processing","webhook_log_id":"019ab0c0-0000-7000-8000-000000000000","status":"queued"}"#;

/// As long as a marker's hash, and kept as long as a run may take.
const MARK: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const KEPT_SECONDS: u64 = 600;

/// What the server does before it answers.
#[derive(Default)]
struct Duties {
    raw: Option<Raw>,
    memory: Option<Memory>,
}

/// Markers at the moments when ingest has them: asked for before the publish, set after it without waiting. Each by a command
/// of its own, where ingest's clerk has many share a round trip.
struct Memory {
    connection: MultiplexedConnection,
    prefix: String,
    runtime: Handle,
}

/// Answered a second.
pub(crate) async fn http_alone(requests: Vec<Prepared>, lasts: Duration) -> anyhow::Result<f64> {
    answered(Duties::default(), requests, lasts).await
}

/// Answered a second, each after its confirmed publish.
pub(crate) async fn http_with_publish(
    stage: &Stage,
    requests: Vec<Prepared>,
    lasts: Duration,
) -> anyhow::Result<f64> {
    publishing(stage, None, requests, lasts).await
}

/// The same, and each is asked for and remembered in Redis.
pub(crate) async fn http_with_publish_and_marker(
    stage: &Stage,
    requests: Vec<Prepared>,
    lasts: Duration,
) -> anyhow::Result<f64> {
    let memory = Memory {
        connection: Client::open(stage.redis().url.expose())?
            .get_multiplexed_async_connection()
            .await?,
        prefix: stage.redis().prefix.clone(),
        runtime: Handle::current(),
    };
    publishing(stage, Some(memory), requests, lasts).await
}

async fn publishing(
    stage: &Stage,
    memory: Option<Memory>,
    requests: Vec<Prepared>,
    lasts: Duration,
) -> anyhow::Result<f64> {
    let raw = Some(stage.queues.raw().await?);
    let rate = answered(Duties { raw, memory }, requests, lasts).await;
    stage.queues.drop_raw().await?;
    rate
}

async fn answered(duties: Duties, requests: Vec<Prepared>, lasts: Duration) -> anyhow::Result<f64> {
    let (told, tells) = oneshot::channel();
    let duties = Data::from(Arc::new(duties));
    let server = std::thread::spawn(move || serve(duties, told));
    let (address, handle) = tells.await.context("the server did not start")?;
    let tally = storm_of(address, requests, lasts).await;
    handle.stop(false).await;
    server.join().ok().context("the server panicked")??;
    Ok(tally?.per_second())
}

/// As many workers as ingest has.
fn serve(
    duties: Data<Duties>,
    told: oneshot::Sender<(SocketAddr, ServerHandle)>,
) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(async {
        let app = move || {
            App::new()
                .app_data(duties.clone())
                .default_service(web::to(answer))
        };
        let server = HttpServer::new(app)
            .workers(std::thread::available_parallelism().map_or(1, usize::from))
            .disable_signals()
            .bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = server.addrs().first().copied().context("it listens")?;
        let server = server.run();
        if told.send((address, server.handle())).is_ok() {
            server.await?;
        }
        Ok(())
    })
}

async fn answer(duties: Data<Duties>, body: Bytes) -> HttpResponse {
    if !matches!(duties.fulfil(&body).await, Ok(true)) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    HttpResponse::Accepted()
        .content_type("application/json")
        .body(ANSWER)
}

impl Duties {
    /// Whether it may be answered.
    async fn fulfil(&self, body: &[u8]) -> anyhow::Result<bool> {
        let new = match &self.memory {
            Some(memory) => Some((memory, memory.ask().await?)),
            None => None,
        };
        if let Some(raw) = &self.raw
            && !raw.publish(body).await?
        {
            return Ok(false);
        }
        if let Some((memory, key)) = new {
            memory.remember(key);
        }
        Ok(true)
    }
}

impl Memory {
    /// A key that nobody has seen.
    async fn ask(&self) -> anyhow::Result<String> {
        let key = format!("{}:seen:{}", self.prefix, Uuid::now_v7().simple());
        let seen: Option<String> = self.connection.clone().get(&key).await?;
        anyhow::ensure!(seen.is_none(), "{key} was never told");
        Ok(key)
    }

    fn remember(&self, key: String) {
        let mut connection = self.connection.clone();
        self.runtime.spawn(async move {
            // Without it nothing is lost, as in ingest.
            let told: Result<(), _> = connection.set_ex(key, MARK, KEPT_SECONDS).await;
            told.unwrap_or_default();
        });
    }
}
