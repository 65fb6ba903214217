//! The same clients and requests, answered by a server that believes everything, and does nothing, or publishes each as it
//! came, or keeps ingest's own markers of it too: what the libraries that ingest is built of cost when nothing is between them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Context as _;
use deadpool_redis::redis::pipe;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use uuid::Uuid;
use waybill_common::ops::Health;
use waybill_common::shutdown::Shutdown;
use waybill_ingest::marker::{Mark, Markers};
use waybill_ingest::redis::Redis;

use crate::load::{Prepared, Tally};
use crate::machine::{Raw, Stage};
use crate::storm::{Load, storm_of};

/// As long as ingest's answer.
const ANSWER: &str = r#"{"message":"Webhook received and queued for processing","webhook_log_id":"019ab0c0-0000-7000-8000-000000000000","status":"queued"}"#;

/// As long as a run may take.
const KEPT_SECONDS: u64 = 600;
const LOOK_EVERY: Duration = Duration::from_millis(20);
const REDIS_COMES_WITHIN: Duration = Duration::from_secs(5);

/// What the server does before it answers.
#[derive(Default)]
struct Duties {
    raw: Option<Raw>,
    /// Used as ingest uses them: asked before the publish, told after it without waiting.
    markers: Option<Markers>,
}

/// Answers as fast as it can.
pub(crate) async fn http_alone(requests: Vec<Prepared>, load: Load) -> anyhow::Result<Tally> {
    answer_all(Duties::default(), requests, load).await
}

/// Answers each request after its confirmed publish.
pub(crate) async fn http_with_publish(
    stage: &Stage,
    requests: Vec<Prepared>,
    load: Load,
) -> anyhow::Result<Tally> {
    publishing(stage, None, requests, load).await
}

/// The same, and Redis is asked for each and remembers it.
pub(crate) async fn http_with_publish_and_markers(
    stage: &Stage,
    requests: Vec<Prepared>,
    load: Load,
) -> anyhow::Result<Tally> {
    let shutdown = Shutdown::new();
    let redis = Redis::start(stage.redis(), Health::new().uses("redis"), &shutdown)?;
    wait_for(&redis).await?;
    let markers = Markers::start(redis, KEPT_SECONDS, &shutdown);
    let tally = publishing(stage, Some(markers.clone()), requests, load).await;
    let (told, untold) = (mark(), mark());
    markers.remember(told);
    let known = markers.known(vec![told, untold]).await;
    anyhow::ensure!(known == [true, false], "Redis did not keep the markers");
    shutdown.begin();
    tally
}

/// Without a connection ingest goes on without markers.
async fn wait_for(redis: &Redis) -> anyhow::Result<()> {
    let mut ping = pipe();
    ping.cmd("PING");
    let answers = async {
        while redis.run::<Vec<String>>(&ping).await.is_none() {
            sleep(LOOK_EVERY).await;
        }
    };
    timeout(REDIS_COMES_WITHIN, answers)
        .await
        .context("Redis does not answer")
}

/// Of an event that nobody has seen.
fn mark() -> Mark {
    Mark { key: Uuid::now_v7().into_bytes(), body_sha256: [0; 32] }
}

async fn publishing(
    stage: &Stage,
    markers: Option<Markers>,
    requests: Vec<Prepared>,
    load: Load,
) -> anyhow::Result<Tally> {
    let raw = Some(stage.queues.raw().await?);
    let tally = answer_all(Duties { raw, markers }, requests, load).await;
    stage.queues.drop_raw().await?;
    tally
}

async fn answer_all(duties: Duties, requests: Vec<Prepared>, load: Load) -> anyhow::Result<Tally> {
    let (told, tells) = oneshot::channel();
    let duties = Data::from(Arc::new(duties));
    let server = std::thread::spawn(move || serve(duties, told));
    let (address, handle) = tells.await.context("the server did not start")?;
    let tally = storm_of(address, requests, load).await;
    handle.stop(false).await;
    server.join().ok().context("the server panicked")??;
    tally
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
        let marked = self.markers.as_ref().map(|markers| (markers, mark()));
        if let Some((markers, mark)) = marked
            && markers.known(vec![mark]).await != [false]
        {
            return Ok(false);
        }
        if let Some(raw) = &self.raw
            && !raw.publish(body).await?
        {
            return Ok(false);
        }
        if let Some((markers, mark)) = marked {
            markers.remember(mark);
        }
        Ok(true)
    }
}
