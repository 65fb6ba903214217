//! Asking a provider itself: by HTTPS, at hosts from a list, without following redirects, within bounds of time and size.
//!
//! Whatever makes us ask comes from a stranger, so the address is checked here once more, however it was made.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response};
use url::Url;

use crate::config;

const USER_AGENT: &str = concat!("waybill/", env!("CARGO_PKG_VERSION"));

/// Asks the hosts that may be asked; clones share connections.
#[derive(Clone, Debug)]
pub struct Fetcher {
    http: Client,
    hosts: BTreeSet<String>,
}

/// What is asked for.
#[derive(Debug)]
pub struct Question<'a> {
    pub address: &'a str,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<&'a str>,
    pub headers: &'a [(&'static str, String)],
    /// A larger answer is none.
    pub bytes_max: usize,
}

/// What a host answered, whatever its status; a redirect is an answer like others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub status: u16,
    /// As `Retry-After` says it in seconds.
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("the address is not at a host that may be asked")]
    NotAllowed,
    #[error("the host did not answer in time")]
    TimedOut,
    #[error("the host could not be asked")]
    Unreachable(#[source] reqwest::Error),
    #[error("the answer is larger than {bytes_max} bytes")]
    TooLarge { bytes_max: usize },
}

impl Fetcher {
    /// # Errors
    /// Where a file of roots cannot be read, or the system has none.
    pub fn new(config: &config::Fetch) -> anyhow::Result<Self> {
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .https_only(true)
            .redirect(Policy::none())
            .timeout(Duration::from_millis(config.timeout_ms));
        if let Some(file) = &config.ca_file {
            let pem = std::fs::read(file)
                .with_context(|| format!("could not read fetch.ca_file {}", file.display()))?;
            let roots =
                Certificate::from_pem_bundle(&pem).context("could not understand fetch.ca_file")?;
            builder = builder.tls_certs_merge(roots);
        }
        for (host, address) in &config.resolve {
            builder = builder.resolve(host, *address);
        }
        let http = builder
            .build()
            .context("could not set up TLS for asking providers")?;
        Ok(Self { http, hosts: config.hosts.iter().cloned().collect() })
    }

    /// Asks once.
    ///
    /// # Errors
    /// Where there is no answer within `fetch.timeout_ms`, or none may be asked for.
    pub async fn get(&self, question: Question<'_>) -> Result<Fetched, FetchError> {
        let Question { address, token, headers, bytes_max } = question;
        let address = self.allowed(address).ok_or(FetchError::NotAllowed)?;
        let mut request = self.http.get(address);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let retry_after = retry_after(&response);
        let body = read(response, bytes_max).await?;
        Ok(Fetched { status, retry_after, body })
    }

    /// Whether [`get`](Self::get) would ask there.
    #[must_use]
    pub fn may_ask(&self, address: &str) -> bool {
        self.allowed(address).is_some()
    }

    /// The default port only, and nobody's name in front of the host.
    fn allowed(&self, address: &str) -> Option<Url> {
        let url = Url::parse(address).ok()?;
        let plain = url.scheme() == "https"
            && url.port().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        (plain && self.hosts.contains(url.host_str()?)).then_some(url)
    }
}

/// The body, or nothing of it.
async fn read(mut response: Response, bytes_max: usize) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(FetchError::TooLarge { bytes_max });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

fn unreachable(error: reqwest::Error) -> FetchError {
    // Without the address: it is not needed to understand the error, and may hold an id.
    let error = error.without_url();
    if error.is_timeout() { FetchError::TimedOut } else { FetchError::Unreachable(error) }
}
