//! Signing in at an identity provider: `OpenID` Connect, code flow with PKCE.
//!
//! **Who acts.** [`begin`] sends a browser to the provider with a state, a nonce and a PKCE challenge, and gives it a cookie;
//! [`finish`] takes the code that it comes back with, asks the provider for the token, and begins a session.
//!
//! **What is guaranteed.** State, nonce and verifier are derived from the cookie's secret, so that only the browser that began can
//! finish, at any replica, within ten minutes; nothing is kept here meanwhile. The token is believed only with a signature
//! by a key of the provider, our name as audience, the nonce, and in time. Who gets in decides the configuration: no claim,
//! no role, no access. Where the browser comes back to is ours by configuration, never by what a request says.
//!
//! Signatures are checked by the TLS library's own cryptography; the usual crates would bring a second one.

mod jwks;
mod provider;
mod token;
mod trip;

use std::net::IpAddr;

use actix_web::cookie::Cookie;
use serde::Deserialize;
use url::Url;
use waybill_common::access::Role;
use waybill_common::config::Oidc;
use waybill_common::storage::access::{self, Identity};

use super::sign_in::begin as begin_session;
use super::{Origin, SignedIn};
use crate::app::App;
use crate::problem::Problem;

pub use provider::Provider;
pub use trip::Trip;

/// Where the provider sends browsers back to.
pub const BACK: &str = "/sign-in/oidc/back";

/// What a browser comes back with.
#[derive(Deserialize)]
pub struct Return {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Why somebody is not let in, for the log; browsers are told no more than that.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    #[error("the browser has begun no sign-in here, or too long ago")]
    NoTrip,
    #[error("the state is another one than was given")]
    State,
    #[error("the provider refused: {0}")]
    Refused(String),
    #[error("the answer comes from another issuer")]
    Issuer,
    #[error("the provider's answer cannot be used: {0}")]
    Answer(&'static str),
    #[error("the provider could not be asked")]
    Unreachable(#[source] anyhow::Error),
    #[error("the token is not believed: {0}")]
    Token(&'static str),
    #[error("no claim gives a role")]
    NoRole,
    #[error("the account is disabled, or the name is another account's")]
    Account,
}

/// The way to the provider, and the cookie that leads back.
///
/// # Errors
/// `Unreachable` or `Answer` where the provider cannot be asked who it is.
pub async fn begin(
    app: &App,
    provider: &Provider,
    next: &str,
) -> Result<(Url, Cookie<'static>), Denied> {
    let (trip, now) = (Trip::new(app.clock.now()), app.clock.now());
    let mut way = provider.authorization(now).await?;
    way.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &provider.config.client_id)
        .append_pair("redirect_uri", &back(&app.origin))
        .append_pair("scope", &scope(&provider.config))
        .append_pair("state", &trip.state())
        .append_pair("nonce", &trip.nonce())
        .append_pair("code_challenge", &trip.challenge())
        .append_pair("code_challenge_method", "S256");
    Ok((way, trip.cookie(&app.origin, next)))
}

/// Begins a session for whom the provider vouches for.
///
/// # Errors
/// Why not; `Problem` where it is our own fault.
pub async fn finish(
    app: &App,
    provider: &Provider,
    (trip, back_with): (Option<Trip>, Return),
    address: IpAddr,
) -> Result<Result<SignedIn, Denied>, Problem> {
    let claims = match vouched(app, provider, (trip, back_with)).await {
        Ok(claims) => claims,
        Err(denied) => return Ok(Err(denied)),
    };
    let Some((role, payload_read)) = worth(&provider.config, &claims) else {
        return Ok(Err(Denied::NoRole));
    };
    let identity = Identity {
        issuer: &provider.config.issuer,
        subject: &claims.subject,
        name: &claims.name,
        role,
        payload_read,
    };
    let mut conn = app.write().await?;
    let admitted = access::admit_identity(&mut conn, &identity, app.clock.now()).await?;
    let Some(operator) = admitted.filter(|operator| operator.disabled_at.is_none()) else {
        return Ok(Err(Denied::Account));
    };
    begin_session(app, &mut conn, (&operator, "oidc"), address)
        .await
        .map(Ok)
}

async fn vouched(
    app: &App,
    provider: &Provider,
    (trip, back_with): (Option<Trip>, Return),
) -> Result<token::Claims, Denied> {
    let now = app.clock.now();
    let trip = trip
        .filter(|trip| trip.is_fresh(now))
        .ok_or(Denied::NoTrip)?;
    if !back_with.state.is_some_and(|state| trip.is_state(&state)) {
        return Err(Denied::State);
    }
    // RFC 9207: whoever says that he is another one is not believed in what else he says.
    if back_with
        .iss
        .is_some_and(|issuer| issuer != provider.config.issuer)
    {
        return Err(Denied::Issuer);
    }
    if let Some(error) = back_with.error {
        return Err(Denied::Refused(error.chars().take(100).collect()));
    }
    let code = back_with.code.ok_or(Denied::Answer("no code"))?;
    let token = provider
        .exchange((&code, &trip.verifier()), &back(&app.origin), now)
        .await?;
    token::verify(&token, provider, (&trip.nonce(), now)).await
}

fn back(origin: &Origin) -> String {
    origin.page(BACK).to_string()
}

fn scope(config: &Oidc) -> String {
    let more = config.scopes.iter().filter(|scope| *scope != "openid");
    std::iter::once("openid")
        .chain(more.map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The greatest role that a claim gives, and whether one allows raw bodies.
fn worth(config: &Oidc, claims: &token::Claims) -> Option<(Role, bool)> {
    let values = claims.roles.iter();
    let role = values
        .clone()
        .filter_map(|value| config.roles.get(value))
        .max()?;
    let payload_read = values
        .clone()
        .any(|value| config.payload_read.contains(value));
    Some((*role, payload_read))
}
