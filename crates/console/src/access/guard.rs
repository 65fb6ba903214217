//! The guard before every route.

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpMessage as _, ResponseError as _};
use subtle::ConstantTimeEq as _;
use tracing::Span;
use waybill_common::access::Secret;
use waybill_common::domain::Timestamp;
use waybill_common::storage::access::{self, ApiToken, Operator, Session};

use super::{CSRF_FIELD, CSRF_HEADER, Caller, Credential, CsrfToken, Policy, session};
use crate::app::App;
use crate::pages;
use crate::problem::Problem;
use crate::route::{Audience, BODY_BYTES_MAX};

const MINUTE_MICROS: i64 = 60 * 1_000_000;

/// Lets a request through to its handler, or refuses it in the words of its audience; so it does with what the handler
/// refuses.
pub(crate) async fn admit(
    policy: Policy,
    audience: Audience,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let app = request
        .app_data::<Data<App>>()
        .expect("every worker is given it")
        .clone();
    if let Err(problem) = judge(&app, policy, &mut request).await {
        return Ok(refuse(request, audience, &problem));
    }
    let response = next.call(request).await?;
    Ok(told(response, audience))
}

fn refuse(
    request: ServiceRequest,
    audience: Audience,
    problem: &Problem,
) -> ServiceResponse<BoxBody> {
    note(problem);
    let response = match audience {
        Audience::Program => problem.error_response(),
        Audience::Person => pages::refused(request.request(), problem),
    };
    request.into_response(response)
}

/// A handler's own refusal, in the words of the audience.
fn told(response: ServiceResponse<BoxBody>, audience: Audience) -> ServiceResponse<BoxBody> {
    let for_people = response
        .response()
        .error()
        .and_then(|error| error.as_error::<Problem>())
        .and_then(|problem| {
            note(problem);
            (audience == Audience::Person).then(|| pages::refused(response.request(), problem))
        });
    match for_people {
        Some(page) => ServiceResponse::new(response.into_parts().0, page),
        None => response,
    }
}

/// Once per failure, where it stops.
fn note(problem: &Problem) {
    if problem.status_code().is_server_error() {
        tracing::warn!(code = problem.code(), error = problem.log_line(), "a request failed");
    } else {
        // Strangers decide how often these come.
        tracing::debug!(code = problem.code(), "a request was refused");
    }
}

async fn judge(app: &App, policy: Policy, request: &mut ServiceRequest) -> Result<(), Problem> {
    if policy.is_public() {
        // Nobody may be signed in as somebody else by another site's form.
        let safe = request.method().is_safe() || app.origin.is_ours(request.headers());
        return if safe { Ok(()) } else { Err(Problem::Forged) };
    }
    let caller = match bearer(request)? {
        Some(token) => by_token(app, &token).await?,
        None => by_session(app, request).await?,
    };
    Span::current().record("caller", caller.actor());
    // Before anything is decided: a refusal, too, is told to somebody who is known.
    request.extensions_mut().insert(caller.clone());
    if let Credential::Session { csrf, .. } = &caller.credential
        && !request.method().is_safe()
    {
        demand_own_page(app, csrf, request).await?;
    }
    policy.allows(&caller.grant)
}

/// The token of `Authorization: Bearer`. Any other or repeated header is a wrong credential, not none.
fn bearer(request: &ServiceRequest) -> Result<Option<Secret>, Problem> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    let Some(first) = values.next() else {
        return Ok(None);
    };
    let (scheme, token) = first
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .ok_or(Problem::Unauthenticated)?;
    if values.next().is_some() || !scheme.eq_ignore_ascii_case("bearer") || token.len() > 256 {
        return Err(Problem::Unauthenticated);
    }
    Ok(Some(Secret::presented(token.trim())))
}

async fn by_token(app: &App, token: &Secret) -> Result<Caller, Problem> {
    let (hash, now) = (token.hash(), app.clock.now());
    let token = good_token(app, &hash)
        .await?
        .ok_or(Problem::Unauthenticated)?;
    let used = token.last_used_at.map(Timestamp::saturating);
    if is_stale(used, now) {
        let mut conn = app.write().await?;
        access::use_token(&mut conn, token.id, now).await?;
    }
    Ok(Caller {
        grant: token.grant()?,
        name: token.name,
        credential: Credential::Token { id: token.id, hash },
    })
}

async fn by_session(app: &App, request: &ServiceRequest) -> Result<Caller, Problem> {
    let cookie = request
        .cookie(session::NAME.at(&app.origin))
        .filter(|cookie| !cookie.value().is_empty())
        .ok_or(Problem::Unauthenticated)?;
    let (secret, now) = (Secret::presented(cookie.value()), app.clock.now());
    let hash = secret.hash();
    let (session, operator) = good_session(app, &hash)
        .await?
        .ok_or(Problem::Unauthenticated)?;
    let seen = Timestamp::saturating(session.last_seen_at);
    if is_stale(Some(seen), now) {
        let mut conn = app.write().await?;
        access::see_session(&mut conn, &session.hash, now).await?;
    }
    let csrf = CsrfToken::of(&secret);
    Ok(Caller {
        grant: operator.grant()?,
        name: operator.name,
        credential: Credential::Session { operator_id: operator.id, hash, csrf },
    })
}

/// Whether whoever was let in would be known today, by the same credential. To look is no sign of life of a session.
///
/// # Errors
/// As any query.
pub(crate) async fn is_still_known(app: &App, caller: &Caller) -> Result<bool, Problem> {
    match &caller.credential {
        Credential::Token { hash, .. } => Ok(good_token(app, hash).await?.is_some()),
        Credential::Session { hash, .. } => Ok(good_session(app, hash).await?.is_some()),
    }
}

async fn good_token(app: &App, hash: &[u8; 32]) -> Result<Option<ApiToken>, Problem> {
    let mut conn = app.read().await?;
    let found = access::token_by_hash(&mut conn, hash).await?;
    let now = app.clock.now();
    Ok(found
        // The index found it by comparing bytes; this comparison takes the same time for any hash.
        .filter(|found| found.hash.ct_eq(hash).into())
        .filter(|found| found.is_valid(now)))
}

async fn good_session(app: &App, hash: &[u8; 32]) -> Result<Option<(Session, Operator)>, Problem> {
    let mut conn = app.read().await?;
    let found = access::session(&mut conn, hash).await?;
    let now = app.clock.now();
    let idle = i64::from(app.config.console.session_idle_minutes) * MINUTE_MICROS;
    Ok(found.filter(|(session, operator)| {
        let seen = Timestamp::saturating(session.last_seen_at);
        operator.disabled_at.is_none()
            && now < Timestamp::saturating(session.expires_at)
            && now.micros() - seen.micros() < idle
    }))
}

/// Once a minute is often enough to remember that somebody was there.
fn is_stale(seen: Option<Timestamp>, now: Timestamp) -> bool {
    seen.is_none_or(|seen| now.micros() - seen.micros() >= MINUTE_MICROS)
}

async fn demand_own_page(
    app: &App,
    csrf: &CsrfToken,
    request: &mut ServiceRequest,
) -> Result<(), Problem> {
    if !app.origin.is_ours(request.headers()) {
        return Err(Problem::Forged);
    }
    let in_header = request
        .headers()
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let presented = match in_header {
        Some(token) => Some(token),
        None => in_form(request).await?,
    };
    match presented {
        Some(token) if csrf.matches(&token) => Ok(()),
        Some(_) | None => Err(Problem::Forged),
    }
}

/// The form's field; the body is put back for the handler.
async fn in_form(request: &mut ServiceRequest) -> Result<Option<String>, Problem> {
    let is_form = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Ok(None);
    }
    let body = request
        .extract::<Bytes>()
        .await
        .map_err(|_unreadable| Problem::TooLarge)?;
    if body.len() > BODY_BYTES_MAX {
        return Err(Problem::TooLarge);
    }
    let token = url::form_urlencoded::parse(&body)
        .find(|(name, _)| name == CSRF_FIELD)
        .map(|(_, value)| value.into_owned());
    request.set_payload(Payload::from(body));
    Ok(token)
}
