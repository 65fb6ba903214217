//! A whole console: started from a configuration, stopped in order.
//!
//! **Stopping.** Unready first; live streams end, so that their connections can, and replays stop behind the letter in hand;
//! then no new connections, and what is being answered is answered; the ops listener is last.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App as Actix, HttpServer};
use anyhow::Context as _;
use tracing_actix_web::TracingLogger;
use waybill_common::client::Proxies;
use waybill_common::clock::Clock;
use waybill_common::config::{self, Config, Profile};
use waybill_common::ops::{self, Health};
use waybill_common::service::StartError;
use waybill_common::shutdown::Shutdown;
use waybill_common::signing::SigningKey;
use waybill_common::storage::pool;
use waybill_common::telemetry::{RequestSpan, Scrape};
use waybill_replay::{Engine, Reader, engine};

use crate::access::oidc::Provider;
use crate::access::{Origin, Passwords};
use crate::accounts::Accounts;
use crate::api::stats::Latest;
use crate::app::App;
use crate::headers;
use crate::health;
use crate::queues::{self, Queues};
use crate::route;

/// Two answer while one is busy; the work is the database's.
const WORKERS: usize = 2;
/// For what takes no time, where the drain has used all of it.
const LAST_STEP: Duration = Duration::from_secs(1);

/// A running console.
pub struct Application {
    pub addr: SocketAddr,
    pub ops_addr: SocketAddr,
    pub health: Health,
    app: Data<App>,
    server: ServerHandle,
    serving: Shutdown,
    ops: Shutdown,
    drain: Duration,
}

impl Application {
    /// Starts everything. The database need not be there yet: the console is then unready and answers 503.
    ///
    /// # Errors
    /// Where the configuration cannot work or an address is taken.
    pub fn start(config: Config, clock: Clock, scrape: Scrape) -> Result<Self, StartError> {
        let (health, ops) = (Health::new(), Shutdown::new());
        let (listen, ops_listen) = (config.console.listen, config.console.ops_listen);
        let drain = Duration::from_millis(config.console.drain_timeout_ms);
        let app = Data::new(app(config, clock).map_err(StartError::Configuration)?);
        let (addr, server) = serve(listen, &app, drain)?;
        let ops_addr = ops::serve(ops_listen, health.clone(), scrape, &ops)
            .map_err(|source| StartError::Listen { address: ops_listen, source })?;
        let (handle, serving) = (server.handle(), app.shutdown.clone());
        serving.spawn(run(server));
        serving.spawn(Arc::clone(&app.engine).run(serving.clone()));
        serving.spawn(health::watch(app.clone().into_inner(), health.needs("database")));
        let looking = app.clone().into_inner();
        serving.spawn(async move {
            queues::watch(&looking.queues, &looking.config, &looking.shutdown).await;
        });
        tracing::info!(%addr, %ops_addr, "the console is listening");
        Ok(Self { addr, ops_addr, health, app, server: handle, serving, ops, drain })
    }

    /// What every request reaches.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Stops in order. Returns whether everything ended in time.
    pub async fn stop(self) -> bool {
        self.health.stopping();
        self.serving.begin();
        self.server.stop(true).await;
        let ended = self.serving.finish(self.drain.max(LAST_STEP)).await;
        self.ops.finish(LAST_STEP).await;
        tracing::info!(ended, "stopped");
        ended
    }
}

fn app(config: Config, clock: Clock) -> anyhow::Result<App> {
    let console = &config.console;
    let reading = config::Database {
        statement_timeout_ms: console.statement_timeout_ms,
        ..config.database.clone()
    };
    let reads = pool::connect_to_read(&reading, console.read_pool_max)
        .context("could not read database.url")?;
    let writes = pool::connect(&config.database, console.write_pool_max)
        .context("could not read database.url")?;
    // Its own, so that a long replay never keeps anybody from signing in.
    let replaying =
        pool::connect(&config.database, engine::AT_ONCE).context("could not read database.url")?;
    let reader = Arc::new(Reader::new(&config));
    Ok(App {
        engine: Arc::new(Engine::new(replaying, Arc::clone(&reader), clock.clone())),
        reader,
        origin: Origin::new(console)?,
        clock,
        passwords: Passwords::default(),
        export_key: export_key(&config)?,
        oidc: config.oidc.as_ref().map(Provider::new).transpose()?,
        shutdown: Shutdown::new(),
        queues: Queues::default(),
        accounts: Accounts::default(),
        latest: Latest::default(),
        proxies: Proxies {
            trusted: console.trusted_proxies.clone(),
            position: console.forwarded_for_position,
        },
        reads,
        writes,
        config,
    })
}

/// The configured one; in the demo profile one of its own, which ends with the process.
fn export_key(config: &Config) -> anyhow::Result<Option<SigningKey>> {
    let configured = &config.console.export_key;
    match (configured.is_empty(), config.profile) {
        (false, _) => SigningKey::from_pem(configured.expose())
            .map(Some)
            .context("could not read console.export_key"),
        (true, Profile::Demo) => Ok(Some(SigningKey::generate())),
        (true, Profile::Production) => Ok(None),
    }
}

fn serve(
    listen: SocketAddr,
    app: &Data<App>,
    drain: Duration,
) -> Result<(SocketAddr, Server), StartError> {
    let app = app.clone();
    let factory = move || {
        Actix::new()
            .app_data(app.clone())
            .configure(route::mount)
            .wrap(from_fn(headers::secure))
            .wrap(TracingLogger::<RequestSpan>::new())
    };
    let server = HttpServer::new(factory)
        .workers(WORKERS)
        .disable_signals()
        .shutdown_timeout(drain.as_secs().max(1))
        .bind(listen)
        .map_err(|source| StartError::Listen { address: listen, source })?;
    let addr = server.addrs()[0];
    Ok((addr, server.run()))
}

async fn run(server: Server) {
    if let Err(error) = server.await.context("the listener ended") {
        tracing::error!(error = format!("{error:#}"), "nothing is answered any more");
    }
}
