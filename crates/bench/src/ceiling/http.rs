//! HTTP alone: the same clients and requests, answered by a server that believes everything and does nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Context as _;
use tokio::sync::oneshot;

use crate::load::Prepared;
use crate::storm::storm_of;

/// As long as ingest's answer.
const ANSWER: &str = r#"{"message":"Webhook received and queued for processing","webhook_log_id":"019ab0c0-0000-7000-8000-000000000000","status":"queued"}"#;

/// Answered a second.
pub(crate) async fn http_alone(requests: Vec<Prepared>, lasts: Duration) -> anyhow::Result<f64> {
    let (told, tells) = oneshot::channel();
    let server = std::thread::spawn(move || serve(told));
    let (address, handle) = tells.await.context("the server did not start")?;
    let tally = storm_of(address, requests, lasts).await;
    handle.stop(false).await;
    server.join().ok().context("the server panicked")??;
    Ok(tally?.per_second())
}

/// As many workers as ingest has.
fn serve(told: oneshot::Sender<(SocketAddr, ServerHandle)>) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(async {
        let app = || App::new().default_service(web::to(answer));
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

async fn answer(_body: Bytes) -> HttpResponse {
    HttpResponse::Accepted()
        .content_type("application/json")
        .body(ANSWER)
}
