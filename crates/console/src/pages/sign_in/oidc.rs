//! Signing in at the identity provider: there and back.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};

use super::{Arrival, SignInPage, go_on, is_ours, see};
use crate::access::oidc::{self, Denied, Provider, Return, Trip};
use crate::access::{self, Origin};
use crate::app::App;
use crate::pages::refusal;
use crate::problem::Problem;

pub(in crate::pages) async fn begin(
    arrival: Query<Arrival>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let provider = provider(&app)?;
    let next = arrival
        .into_inner()
        .next
        .filter(|next| is_ours(next))
        .unwrap_or_default();
    match oidc::begin(&app, provider, &next).await {
        Ok((way, cookie)) => {
            let mut there = see(way.to_string());
            add(&mut there, &cookie)?;
            Ok(there)
        }
        Err(denied) => told(&app, denied, None),
    }
}

pub(in crate::pages) async fn back(
    with: Query<Return>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let provider = provider(&app)?;
    let (trip, next) = Trip::of(&request, &app.origin).unzip();
    let with = (trip, with.into_inner());
    let mut answer = match oidc::finish(&app, provider, with, app.client(&request)).await? {
        Ok(signed_in) => {
            access::end_presented(&app, &request).await?;
            go_on(signed_in, next.as_deref())
        }
        Err(denied) => told(&app, denied, next)?,
    };
    over(&mut answer, &app.origin)?;
    Ok(answer)
}

fn provider(app: &App) -> Result<&Provider, Problem> {
    app.oidc.as_ref().ok_or(Problem::NotFound("path"))
}

/// The form once more, with what a person can do about it; why exactly is in the log.
fn told(app: &App, denied: Denied, next: Option<String>) -> Result<HttpResponse, Problem> {
    let wrong = match &denied {
        Denied::Unreachable(_) | Denied::Answer(_) | Denied::Issuer => {
            "The identity provider cannot be asked at the moment. Try again, or sign in with a password."
        }
        Denied::NoRole => "Your account there gives you no access here. Ask whoever runs Waybill.",
        Denied::Account => "Your account here is disabled, or its name belongs to another account.",
        Denied::NoTrip | Denied::State | Denied::Refused(_) | Denied::Token(_) => {
            "Signing in there did not work. Try once more."
        }
    };
    let problem = match denied {
        Denied::Unreachable(_) | Denied::Answer(_) | Denied::Issuer => {
            Problem::Unavailable(denied.into())
        }
        Denied::NoRole => Problem::Forbidden("a role".to_owned()),
        Denied::Account => Problem::Forbidden("an account of your own".to_owned()),
        Denied::NoTrip | Denied::State | Denied::Refused(_) | Denied::Token(_) => {
            tracing::info!(why = %denied, "a sign-in at the identity provider failed");
            Problem::Unauthenticated
        }
    };
    if matches!(problem, Problem::Unavailable(_)) {
        tracing::warn!(why = problem.log_line(), "the identity provider could not be asked");
    }
    Ok(refusal::told(&problem, &SignInPage::new(app, next, Some(wrong))))
}

fn over(answer: &mut HttpResponse, origin: &Origin) -> Result<(), Problem> {
    add(answer, &Trip::over(origin))
}

fn add(answer: &mut HttpResponse, cookie: &actix_web::cookie::Cookie<'_>) -> Result<(), Problem> {
    answer
        .add_cookie(cookie)
        .map_err(|error| Problem::Internal(error.into()))
}
