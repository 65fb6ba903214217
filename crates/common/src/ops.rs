//! The ops listener of every service: is it alive, is it ready, what does it count. Never on a public address.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};

use crate::shutdown::Shutdown;
use crate::telemetry::Scrape;

/// What a service knows of itself and of what it depends on. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    dependencies: BTreeMap<&'static str, Reported>,
    stopping: bool,
    /// Why the process can no longer do its work; a supervisor should start it again.
    stuck: Option<String>,
}

#[derive(Debug)]
struct Reported {
    needed: bool,
    /// Absent: it is up.
    trouble: Option<String>,
}

/// One dependency's handle to report by.
#[derive(Clone, Debug)]
pub struct Dependency {
    name: &'static str,
    health: Health,
}

impl Health {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A dependency without which the service is not ready. It counts as down until it is first reported up.
    #[must_use]
    pub fn needs(&self, name: &'static str) -> Dependency {
        self.depend(name, true)
    }

    /// A dependency that is told, but that the service works without.
    #[must_use]
    pub fn uses(&self, name: &'static str) -> Dependency {
        self.depend(name, false)
    }

    /// From now on unready: no new work should come.
    pub fn stopping(&self) {
        self.state().stopping = true;
    }

    /// Whether the process itself can no longer work, whatever it depends on; `None` takes it back.
    pub fn stuck(&self, reason: Option<String>) {
        self.state().stuck = reason;
    }

    #[must_use]
    pub fn is_ready(&self) -> bool {
        let state = self.state();
        !state.stopping
            && state
                .dependencies
                .values()
                .all(|reported| !reported.needed || reported.trouble.is_none())
    }

    fn depend(&self, name: &'static str, needed: bool) -> Dependency {
        let reported = Reported { needed, trouble: Some("not tried yet".to_owned()) };
        self.state().dependencies.insert(name, reported);
        Dependency { name, health: self.clone() }
    }

    /// One line per dependency.
    fn lines(&self) -> String {
        let state = self.state();
        let mut lines = String::new();
        for (name, reported) in &state.dependencies {
            let note = if reported.needed { "" } else { " (not needed to be ready)" };
            let trouble = reported.trouble.as_deref().unwrap_or("up");
            writeln!(lines, "{name}: {trouble}{note}").expect("a string takes every line");
        }
        if state.stopping {
            lines.push_str("stopping\n");
        }
        lines
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder of this lock can panic")
    }
}

impl Dependency {
    pub fn up(&self) {
        self.report(None);
    }

    /// `reason` is for operators: one line, without secrets.
    pub fn down(&self, reason: impl Into<String>) {
        self.report(Some(reason.into()));
    }

    fn report(&self, trouble: Option<String>) {
        if let Some(reported) = self.health.state().dependencies.get_mut(self.name) {
            reported.trouble = trouble;
        }
    }
}

/// Serves `/healthz`, `/readyz` and `/metrics` until `shutdown` begins. Returns the bound address (port 0: any).
///
/// Give it a [`Shutdown`] of its own and finish that one last: probes and scrapes are then answered while the
/// service drains.
///
/// # Errors
/// Where the address cannot be bound.
pub fn serve(
    listen: SocketAddr,
    health: Health,
    scrape: Scrape,
    shutdown: &Shutdown,
) -> std::io::Result<SocketAddr> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(health.clone()))
            .app_data(Data::new(scrape.clone()))
            .route("/healthz", web::get().to(healthz))
            .route("/readyz", web::get().to(readyz))
            .route("/metrics", web::get().to(metrics))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .bind(listen)?;
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    let stop = shutdown.clone();
    shutdown.spawn(async move {
        tokio::select! {
            ended = server => if let Err(error) = ended {
                tracing::error!(%error, "the ops listener ended");
            },
            () = stop.begun() => handle.stop(true).await,
        }
    });
    Ok(address)
}

async fn healthz(health: Data<Health>) -> HttpResponse {
    match &health.state().stuck {
        None => HttpResponse::Ok().body("alive\n"),
        Some(reason) => HttpResponse::ServiceUnavailable().body(format!("{reason}\n")),
    }
}

async fn readyz(health: Data<Health>) -> HttpResponse {
    let lines = health.lines();
    if health.is_ready() {
        HttpResponse::Ok().body(lines)
    } else {
        HttpResponse::ServiceUnavailable().body(lines)
    }
}

async fn metrics(scrape: Data<Scrape>) -> HttpResponse {
    match scrape.text() {
        Ok(text) => HttpResponse::Ok()
            .content_type(Scrape::CONTENT_TYPE)
            .body(text),
        Err(error) => {
            tracing::warn!(%error, "could not write the metrics");
            HttpResponse::InternalServerError().finish()
        }
    }
}

#[cfg(test)]
mod tests;
