//! What every request can reach.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use waybill_common::client::Proxies;
use waybill_common::clock::Clock;
use waybill_common::config::Config;
use waybill_common::shutdown::Shutdown;
use waybill_common::signing::SigningKey;
use waybill_common::storage::{Connection, Pool};
use waybill_replay::{Engine, Reader};

use crate::access::oidc::Provider;
use crate::access::{Origin, Passwords};
use crate::accounts::Accounts;
use crate::api::stats::Latest;
use crate::problem::Problem;
use crate::queues::Queues;

/// One running console, seen from a request.
pub struct App {
    pub config: Config,
    /// Where browsers find us.
    pub origin: Origin,
    pub clock: Clock,
    pub passwords: Passwords,
    pub shutdown: Shutdown,
    pub(crate) queues: Queues,
    pub(crate) accounts: Accounts,
    pub(crate) latest: Latest,
    /// Signs exports of trails.
    pub export_key: Option<SigningKey>,
    /// Understands dead letters as they would be understood today.
    pub(crate) reader: Arc<Reader>,
    /// Replays many of them.
    pub(crate) engine: Arc<Engine>,
    /// The identity provider, where one is configured.
    pub oidc: Option<Provider>,
    pub(crate) proxies: Proxies,
    /// Every statement of it ends within `console.statement_timeout_ms`, and none can write.
    pub(crate) reads: Pool,
    pub(crate) writes: Pool,
}

impl App {
    /// A connection that only reads.
    ///
    /// # Errors
    /// `Unavailable` where the database gives none.
    pub async fn read(&self) -> Result<Connection, Problem> {
        take(&self.reads).await
    }

    /// A connection that may write.
    ///
    /// # Errors
    /// `Unavailable` where the database gives none.
    pub async fn write(&self) -> Result<Connection, Problem> {
        take(&self.writes).await
    }

    /// Who sent this.
    #[must_use]
    pub fn client(&self, request: &HttpRequest) -> IpAddr {
        self.proxies.sender(request)
    }
}

async fn take(pool: &Pool) -> Result<Connection, Problem> {
    pool.get()
        .await
        .map_err(|error| Problem::Unavailable(anyhow::anyhow!("{error}")))
}
