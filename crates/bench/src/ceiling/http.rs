//! The same clients and requests, answered by a server that believes everything, and does nothing, or publishes each as it
//! came: what the libraries that ingest is built of cost when nothing is between them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Context as _;
use tokio::sync::oneshot;

use crate::load::Prepared;
use crate::machine::{Raw, Stage};
use crate::storm::storm_of;

/// As long as ingest's answer.
const ANSWER: &str = r#"{"message":"Webhook received and queued for processing","webhook_log_id":"019ab0c0-0000-7000-8000-000000000000","status":"queued"}"#;

/// Answered a second.
pub(crate) async fn http_alone(requests: Vec<Prepared>, lasts: Duration) -> anyhow::Result<f64> {
    answered(None, requests, lasts).await
}

/// Answered a second, each after its confirmed publish.
pub(crate) async fn http_with_publish(
    stage: &Stage,
    requests: Vec<Prepared>,
    lasts: Duration,
) -> anyhow::Result<f64> {
    let raw = stage.queues.raw().await?;
    let rate = answered(Some(raw), requests, lasts).await;
    stage.queues.drop_raw().await?;
    rate
}

/// `raw` is where each request is published to before it is answered.
async fn answered(
    raw: Option<Raw>,
    requests: Vec<Prepared>,
    lasts: Duration,
) -> anyhow::Result<f64> {
    let (told, tells) = oneshot::channel();
    let raw = Data::from(Arc::new(raw));
    let server = std::thread::spawn(move || serve(raw, told));
    let (address, handle) = tells.await.context("the server did not start")?;
    let tally = storm_of(address, requests, lasts).await;
    handle.stop(false).await;
    server.join().ok().context("the server panicked")??;
    Ok(tally?.per_second())
}

/// As many workers as ingest has.
fn serve(
    raw: Data<Option<Raw>>,
    told: oneshot::Sender<(SocketAddr, ServerHandle)>,
) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(async {
        let app = move || {
            App::new()
                .app_data(raw.clone())
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

async fn answer(raw: Data<Option<Raw>>, body: Bytes) -> HttpResponse {
    let is_done = match &**raw {
        None => true,
        Some(raw) => matches!(raw.publish(&body).await, Ok(true)),
    };
    if !is_done {
        return HttpResponse::ServiceUnavailable().finish();
    }
    HttpResponse::Accepted()
        .content_type("application/json")
        .body(ANSWER)
}
