//! How one connection to PostgreSQL is made: address, encryption, how long to wait, what it becomes.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::Url;

use crate::config;

/// A peer that is silent for so long is gone: keepalives after 10 s, every 5 s, 3 of them.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(10);
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;
/// What an open transaction may idle beyond the worker's own limit before the server ends it.
const IDLE_MARGIN_MS: u64 = 2_000;

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("the database URL is not valid: {0}")]
    Url(String),
    #[error("could not read the certificates that the database is trusted by: {0}")]
    Certificates(String),
    #[error("could not connect to the database: {0}")]
    Unreachable(String),
    #[error("the database has no role {role}: run `waybill migrate` ({cause})")]
    NoRole { role: String, cause: String },
    #[error("the database's schema is {found}, this program needs {needed}: run `waybill migrate`")]
    OldSchema { found: String, needed: String },
    #[error("could not set up the connection to the database: {0}")]
    Setup(String),
}

/// Where the database is and how to speak to it, read once.
#[derive(Clone)]
pub struct Target {
    config: Config,
    tls: Option<Arc<ClientConfig>>,
}

impl Target {
    /// Reads a URL as libpq writes them. `sslmode=require`, `verify-ca` and `verify-full` all encrypt and verify
    /// certificate and name, by the system's roots or those in `sslrootcert`; any other mode does not encrypt.
    ///
    /// # Errors
    /// `Url` if it is none, `Certificates` if the roots cannot be read.
    pub fn parse(url: &str, connect_timeout: Duration) -> Result<Self, ConnectError> {
        let mut url = Url::parse(url).map_err(|error| ConnectError::Url(error.to_string()))?;
        let (mode, roots) = take_encryption(&mut url);
        let mut config: Config = url
            .as_str()
            .parse()
            .map_err(|error| ConnectError::Url(chain(&error)))?;
        let tls = match mode.as_deref() {
            None | Some("disable" | "allow" | "prefer") => None,
            Some("require" | "verify-ca" | "verify-full") => Some(encryption(roots.as_deref())?),
            Some(other) => return Err(ConnectError::Url(format!("no sslmode is called {other}"))),
        };
        config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        set_defaults(&mut config, connect_timeout);
        Ok(Self { config, tls })
    }

    /// # Errors
    /// `Unreachable` with what the server or the network said.
    pub async fn connect(&self) -> Result<AsyncPgConnection, ConnectError> {
        let unreachable = |error: tokio_postgres::Error| ConnectError::Unreachable(chain(&error));
        let made = match &self.tls {
            Some(tls) => {
                let tls = MakeRustlsConnect::new(ClientConfig::clone(tls));
                let (client, driver) = self.config.connect(tls).await.map_err(unreachable)?;
                AsyncPgConnection::try_from_client_and_connection(client, driver).await
            }
            None => {
                let (client, driver) = self.config.connect(NoTls).await.map_err(unreachable)?;
                AsyncPgConnection::try_from_client_and_connection(client, driver).await
            }
        };
        made.map_err(|error| ConnectError::Setup(error.to_string()))
    }
}

/// tokio-postgres knows fewer modes than libpq, so they are taken out of the URL first.
fn take_encryption(url: &mut Url) -> (Option<String>, Option<String>) {
    let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
    for (key, value) in url.query_pairs() {
        match key.as_ref() {
            "sslmode" => mode = Some(value.into_owned()),
            "sslrootcert" => roots = Some(value.into_owned()),
            _ => rest.push((key.into_owned(), value.into_owned())),
        }
    }
    url.set_query(None);
    if !rest.is_empty() {
        url.query_pairs_mut().extend_pairs(rest);
    }
    (mode, roots)
}

fn encryption(roots_file: Option<&str>) -> Result<Arc<ClientConfig>, ConnectError> {
    let unreadable = |error: &dyn Error| ConnectError::Certificates(chain(error));
    let mut roots = RootCertStore::empty();
    match roots_file {
        Some(path) => {
            for found in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))? {
                let certificate = found.map_err(|error| unreadable(&error))?;
                roots.add(certificate).map_err(|error| unreadable(&error))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unreadable(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// What the URL does not say. The library's own defaults wait for ever, or for two hours.
fn set_defaults(config: &mut Config, connect_timeout: Duration) {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(connect_timeout);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(TCP_USER_TIMEOUT);
    }
    if config.get_keepalives_retries().is_none() && config.get_keepalives_interval().is_none() {
        config
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES);
    }
    if config.get_application_name().is_none() {
        config.application_name(program_name());
    }
}

fn program_name() -> String {
    let path = std::env::current_exe().ok();
    let name = path.as_deref().and_then(std::path::Path::file_name);
    name.map_or_else(|| "waybill".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Makes a connection what services work with: the role that may do no more than they need, limits on every wait, and
/// a commit that is on disk when it is reported.
///
/// # Errors
/// `NoRole` where the role is missing or may not be taken, `Setup` for the rest.
pub async fn take_role(
    conn: &mut AsyncPgConnection,
    settings: &config::Database,
) -> Result<(), ConnectError> {
    let limits = format!(
        "SET statement_timeout = {}; SET lock_timeout = {}; \
         SET idle_in_transaction_session_timeout = {}; SET synchronous_commit = on; {PLANNING}; {ENGLISH}",
        settings.statement_timeout_ms,
        settings.lock_timeout_ms,
        settings.transaction_timeout_ms + IDLE_MARGIN_MS,
    );
    conn.batch_execute(&limits)
        .await
        .map_err(|error| ConnectError::Setup(error.to_string()))?;
    let role = &settings.role;
    conn.batch_execute(&format!("SET ROLE \"{}\"", role.replace('"', "\"\"")))
        .await
        .map_err(|cause| ConnectError::NoRole { role: role.clone(), cause: cause.to_string() })
}

/// Makes every transaction of a connection one that cannot write.
///
/// # Errors
/// `Setup` with what the server said.
pub async fn only_read(conn: &mut AsyncPgConnection) -> Result<(), ConnectError> {
    conn.batch_execute("SET default_transaction_read_only = on")
        .await
        .map_err(|error| ConnectError::Setup(error.to_string()))
}

/// Prepared statements are planned once, perhaps while a table is still empty and reading all of it looks cheapest, and
/// that plan would stay when it has millions of rows. Every statement of a service is a few keys into big tables, so
/// the only join worth planning is one index probe for each key. For the same reason none is compiled: that takes far
/// longer than running it, and is done wherever many partitions and their rows are estimated to cost much.
const PLANNING: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off";

/// Some failures can be told apart only by their message (see [`super::failure`]). Whoever may choose the language
/// chooses English; elsewhere those failures count as transient, which is safe.
const ENGLISH: &str = "DO $$ BEGIN PERFORM set_config('lc_messages', 'C', false); \
                       EXCEPTION WHEN insufficient_privilege THEN NULL; END $$";

/// An error with its causes: the driver keeps what the server said in the source.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
