//! Signing in and out.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use waybill_common::access::{PasswordHash, Secret};
use waybill_common::config::Profile;
use waybill_common::domain::Timestamp;
use waybill_common::storage::Connection;
use waybill_common::storage::access::{self, NewSession, Operator};
use waybill_common::storage::operator_actions::{self, NewAction};

use super::{Caller, Credential, session, throttle};
use crate::app::App;
use crate::problem::Problem;

const MINUTE_MICROS: i64 = 60 * 1_000_000;

/// A session that has begun.
pub struct SignedIn {
    /// To be set by the answer.
    pub cookie: Cookie<'static>,
    pub name: String,
}

/// Begins a session for a local operator. It has a secret of its own, whatever the browser presented: nobody can plant one.
///
/// # Errors
/// `Unauthenticated`, the same for every reason; `TooMany` after too many failures.
pub async fn sign_in_by_password(
    app: &App,
    (name, password): (&str, String),
    address: IpAddr,
) -> Result<SignedIn, Problem> {
    let account = name.trim().to_lowercase();
    // No longer names than there can be accounts: the counter keeps them.
    if account.is_empty() || account.len() > 100 || account.contains('\0') {
        return Err(Problem::Unauthenticated);
    }
    let mut conn = app.write().await?;
    throttle::count(app, &mut conn, (&account, address)).await?;
    let found = access::operator_by_name(&mut conn, &account).await?;
    // Nobody's connection is held while a password is hashed.
    drop(conn);
    let operator = found.filter(|operator| operator.disabled_at.is_none());
    let hash = operator
        .as_ref()
        .and_then(|operator| operator.password_hash.clone())
        .map(PasswordHash::stored);
    let matches = app.passwords.matches(hash, password).await?;
    let Some(operator) = operator.filter(|_| matches) else {
        tracing::info!(account, client.address = %address, "a sign-in failed");
        return Err(Problem::Unauthenticated);
    };
    let mut conn = app.write().await?;
    throttle::forgive(&mut conn, &account).await?;
    begin(app, &mut conn, (&operator, "password"), address).await
}

/// Begins a session for whoever holds a link that works once. Links are of the demo profile only.
///
/// # Errors
/// `Unauthenticated` where the link is none, used or expired.
pub async fn sign_in_by_link(
    app: &App,
    link: &Secret,
    address: IpAddr,
) -> Result<SignedIn, Problem> {
    if app.config.profile != Profile::Demo {
        return Err(Problem::NotFound("path"));
    }
    let mut conn = app.write().await?;
    let whose = access::take_link(&mut conn, &link.hash(), app.clock.now()).await?;
    let id = whose.ok_or(Problem::Unauthenticated)?;
    let operator = access::operator_by_id(&mut conn, id)
        .await?
        .filter(|operator| operator.disabled_at.is_none())
        .ok_or(Problem::Unauthenticated)?;
    begin(app, &mut conn, (&operator, "link"), address).await
}

pub(super) async fn begin(
    app: &App,
    conn: &mut Connection,
    (operator, means): (&Operator, &str),
    address: IpAddr,
) -> Result<SignedIn, Problem> {
    let now = app.clock.now();
    let secret = Secret::new("");
    let lasts = i64::from(app.config.console.session_max_minutes) * MINUTE_MICROS;
    let new = NewSession {
        hash: secret.hash(),
        operator_id: operator.id,
        expires_at: Timestamp::from_micros_saturating(now.micros() + lasts),
    };
    access::begin_session(conn, new, now).await?;
    let action = NewAction {
        actor: &format!("operator:{}", operator.name),
        action: "sign_in",
        reason: means,
        origin: &address.to_string(),
        subject: &format!("operator:{}", operator.name),
        before: None,
        after: None,
    };
    operator_actions::record(conn, &action, now).await?;
    Ok(SignedIn { cookie: session::cookie(&app.origin, &secret), name: operator.name.clone() })
}

/// Ends a session, and returns what takes its cookie away.
///
/// # Errors
/// As any statement.
pub async fn sign_out(app: &App, caller: &Caller) -> Result<Cookie<'static>, Problem> {
    if let Credential::Session { hash, .. } = &caller.credential {
        let mut conn = app.write().await?;
        access::end_session(&mut conn, hash).await?;
    }
    Ok(session::NAME.gone(&app.origin))
}

/// Ends the session that a browser still had when it signed in again: its secret is good for nothing from now on.
///
/// # Errors
/// As any statement.
pub async fn end_presented(app: &App, request: &HttpRequest) -> Result<(), Problem> {
    if let Some(cookie) = request.cookie(session::NAME.at(&app.origin)) {
        let hash = Secret::presented(cookie.value()).hash();
        let mut conn = app.write().await?;
        access::end_session(&mut conn, &hash).await?;
    }
    Ok(())
}
