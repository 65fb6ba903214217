//! Signing in and out with a browser.

pub(super) mod oidc;

use actix_web::http::header::{HeaderName, LOCATION};
use actix_web::http::{StatusCode, Uri};
use actix_web::web::{Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use waybill_common::access::Secret;
use waybill_common::config::Profile;

use super::layout::{self, Layout};
use super::refusal;
use crate::access::{self, Caller, SignedIn};
use crate::app::App;
use crate::problem::Problem;

/// Where htmx says which page it is on, and where it is told to leave it for another.
const CURRENT_PAGE: HeaderName = HeaderName::from_static("hx-current-url");
const LEAVE_FOR: HeaderName = HeaderName::from_static("hx-redirect");

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    layout: Layout,
    next: String,
    wrong: Option<&'static str>,
    /// Whether links sign in.
    links: bool,
    /// Where to sign in at the identity provider, and what the button says.
    elsewhere: Option<(String, String)>,
}

/// Where somebody comes from.
#[derive(Deserialize)]
pub(super) struct Arrival {
    next: Option<String>,
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Credentials {
    name: String,
    password: String,
    /// The page to go on to.
    next: Option<String>,
}

impl SignInPage {
    fn new(app: &App, next: Option<String>, wrong: Option<&'static str>) -> Self {
        let next = next.filter(|next| is_ours(next)).unwrap_or_default();
        let elsewhere = app.oidc.as_ref().map(|provider| {
            (path("/sign-in/oidc", Some(next.as_str())), provider.label().to_owned())
        });
        Self {
            layout: Layout { person: None },
            next,
            wrong,
            elsewhere,
            links: app.config.profile == Profile::Demo,
        }
    }
}

/// Sends whoever is not known to the form, and afterwards back to where they were.
pub(super) fn demanded(request: &HttpRequest) -> HttpResponse {
    match request.headers().get(CURRENT_PAGE) {
        // A part of a page cannot be a form to sign in: the whole page is left for it.
        Some(page) => {
            let page = page.to_str().ok().and_then(|page| page.parse::<Uri>().ok());
            let path = page.as_ref().and_then(Uri::path_and_query);
            HttpResponse::build(StatusCode::UNAUTHORIZED)
                .insert_header((LEAVE_FOR, address(path.map(|path| path.as_str()))))
                .finish()
        }
        None => {
            // What was to be done is not done by going there again.
            let path = request.uri().to_string();
            let next = request.method().is_safe().then_some(path.as_str());
            see(address(next))
        }
    }
}

fn address(next: Option<&str>) -> String {
    path("/sign-in", next)
}

fn path(to: &str, next: Option<&str>) -> String {
    let encoded =
        |next: &str| -> String { url::form_urlencoded::byte_serialize(next.as_bytes()).collect() };
    match next.filter(|next| is_ours(next)) {
        Some(next) => format!("{to}?next={}", encoded(next)),
        None => to.to_owned(),
    }
}

pub(super) async fn form(arrival: Query<Arrival>, app: Data<App>) -> Result<HttpResponse, Problem> {
    layout::page(&SignInPage::new(&app, arrival.into_inner().next, None))
}

pub(super) async fn by_password(
    form: Form<Credentials>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let Credentials { name, password, next } = form.into_inner();
    let address = app.client(&request);
    match access::sign_in_by_password(&app, (&name, password), address).await {
        Ok(signed_in) => {
            access::end_presented(&app, &request).await?;
            Ok(go_on(signed_in, next.as_deref()))
        }
        Err(problem) => again(&app, problem, next, "No account has that name and that password."),
    }
}

pub(super) async fn by_link(
    link: Path<String>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let link = Secret::presented(&link);
    match access::sign_in_by_link(&app, &link, app.client(&request)).await {
        Ok(signed_in) => {
            access::end_presented(&app, &request).await?;
            Ok(go_on(signed_in, None))
        }
        Err(problem) => again(&app, problem, None, "This link was used already, or is too old."),
    }
}

pub(super) async fn out(caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let gone = access::sign_out(&app, &caller).await?;
    let mut left = see("/sign-in".to_owned());
    left.add_cookie(&gone)
        .map_err(|error| Problem::Internal(error.into()))?;
    Ok(left)
}

/// The form once more, with what was wrong; what is no fault of the caller's is told as everywhere.
fn again(
    app: &App,
    problem: Problem,
    next: Option<String>,
    refused: &'static str,
) -> Result<HttpResponse, Problem> {
    let wrong = match &problem {
        Problem::Unauthenticated => refused,
        Problem::TooMany { .. } => "Too many tries. Wait a quarter of an hour, then try again.",
        Problem::Forbidden(_)
        | Problem::Forged
        | Problem::NotFound(_)
        | Problem::MethodNotAllowed(_)
        | Problem::Invalid(_)
        | Problem::Conflict(_)
        | Problem::TooLarge
        | Problem::UnknownMediaType
        | Problem::TooSlow
        | Problem::Unavailable(_)
        | Problem::Internal(_) => return Err(problem),
    };
    Ok(refusal::told(&problem, &SignInPage::new(app, next, Some(wrong))))
}

fn go_on(signed_in: SignedIn, next: Option<&str>) -> HttpResponse {
    HttpResponse::SeeOther()
        .cookie(signed_in.cookie)
        .insert_header((LOCATION, next.filter(|next| is_ours(next)).unwrap_or("/")))
        .finish()
}

fn see(path: String) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, path))
        .finish()
}

/// A path of ours: nobody is sent on to another site (`//evil.example`, `/\evil.example`).
fn is_ours(next: &str) -> bool {
    next.starts_with('/')
        && !next.starts_with("//")
        && next
            .bytes()
            .all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\')
}

#[cfg(test)]
mod tests;
