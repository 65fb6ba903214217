//! The identity provider: where its doors are, which keys it signs with, and what it gives for a code.
//!
//! What it says of itself is kept for an hour, its keys until a token names one that is not among them: then they are asked for
//! again, but no more often than every ten seconds, so that strangers' tokens cannot make us ask.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;
use waybill_common::config::{Oidc, is_encrypted};
use waybill_common::domain::Timestamp;

use super::Denied;
use super::jwks::{Key, Published};

const ANSWER_BYTES_MAX: usize = 256 * 1024;
const DISCOVERY_LASTS_SECONDS: i64 = 3_600;
const KEYS_LAST_SECONDS: i64 = 10;
const USER_AGENT: &str = concat!("waybill/", env!("CARGO_PKG_VERSION"));

/// Shared by all requests.
pub struct Provider {
    pub(super) config: Oidc,
    http: Client,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    doors: Option<(Doors, i64)>,
    keys: Option<(Arc<[Key]>, i64)>,
}

/// The discovery document, as far as it is read.
#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

#[derive(Clone)]
struct Doors {
    authorization: Url,
    token: Url,
    keys: Url,
}

#[derive(Deserialize)]
struct Given {
    id_token: String,
}

impl Provider {
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(config: &Oidc) -> anyhow::Result<Self> {
        let http = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(Policy::none())
            .timeout(Duration::from_millis(config.timeout_ms))
            .build()
            .context("could not set up TLS for the identity provider")?;
        Ok(Self { config: config.clone(), http, known: Mutex::default() })
    }

    /// What the button says.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.config.label
    }

    pub(super) async fn authorization(&self, now: Timestamp) -> Result<Url, Denied> {
        Ok(self.doors(now).await?.authorization)
    }

    /// The id token for a code.
    pub(super) async fn exchange(
        &self,
        (code, verifier): (&str, &str),
        back: &str,
        now: Timestamp,
    ) -> Result<String, Denied> {
        let door = self.doors(now).await?.token;
        let Oidc { client_id, client_secret, .. } = &self.config;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", back)
            .append_pair("client_id", client_id)
            .append_pair("code_verifier", verifier)
            .finish();
        let mut request = self
            .http
            .post(door)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        if !client_secret.is_empty() {
            // RFC 6749, 2.3.1: both are form-encoded first.
            let encoded = |text: &str| -> String {
                url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
            };
            request = request.basic_auth(encoded(client_id), Some(encoded(client_secret.expose())));
        }
        let given: Given = answer(request, "no token was given for the code").await?;
        Ok(given.id_token)
    }

    /// Its keys, asked for again where none has that name.
    pub(super) async fn keys(
        &self,
        now: Timestamp,
        kid: Option<&str>,
    ) -> Result<Arc<[Key]>, Denied> {
        let kept = self.known().keys.clone();
        if let Some((keys, asked)) = kept
            && (keys.iter().any(|key| key.is_called(kid))
                || now.seconds() - asked < KEYS_LAST_SECONDS)
        {
            return Ok(keys);
        }
        let door = self.doors(now).await?.keys;
        let published: Published =
            answer(self.http.get(door), "its keys are not understood").await?;
        let keys: Arc<[Key]> = published.keys().into();
        self.known().keys = Some((Arc::clone(&keys), now.seconds()));
        Ok(keys)
    }

    async fn doors(&self, now: Timestamp) -> Result<Doors, Denied> {
        let kept = self.known().doors.clone();
        if let Some((doors, asked)) = kept
            && now.seconds() - asked < DISCOVERY_LASTS_SECONDS
        {
            return Ok(doors);
        }
        let issuer = self.config.issuer.trim_end_matches('/');
        let address = format!("{issuer}/.well-known/openid-configuration");
        let told: Discovered =
            answer(self.http.get(address), "it does not say where its doors are").await?;
        if told.issuer != self.config.issuer {
            return Err(Denied::Issuer);
        }
        let doors = Doors {
            authorization: door(&told.authorization_endpoint)?,
            token: door(&told.token_endpoint)?,
            keys: door(&told.jwks_uri)?,
        };
        self.known().doors = Some((doors.clone(), now.seconds()));
        Ok(doors)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Whoever panicked here left a whole value.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn door(address: &str) -> Result<Url, Denied> {
    Url::parse(address)
        .ok()
        .filter(is_encrypted)
        .ok_or(Denied::Answer("its doors are not encrypted"))
}

async fn answer<T: DeserializeOwned>(
    request: RequestBuilder,
    refused: &'static str,
) -> Result<T, Denied> {
    let response = request.send().await.map_err(unreachable)?;
    if response.status().is_server_error() {
        return Err(Denied::Unreachable(anyhow::anyhow!("it answered {}", response.status())));
    }
    if !response.status().is_success() {
        return Err(Denied::Answer(refused));
    }
    let body = read(response).await?;
    serde_json::from_slice(&body).map_err(|_other| Denied::Answer(refused))
}

async fn read(mut response: Response) -> Result<Vec<u8>, Denied> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Denied::Answer("it is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Without the address, which may hold a code.
fn unreachable(error: reqwest::Error) -> Denied {
    Denied::Unreachable(error.without_url().into())
}
