//! Signing in and out with a browser.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Form, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use waybill_common::access::Secret;

use crate::access::{self, Caller, SignedIn};
use crate::app::App;
use crate::problem::Problem;

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Credentials {
    name: String,
    password: String,
    /// The page to go on to.
    next: Option<String>,
}

/// Where somebody signs in, to come back afterwards.
pub(super) fn address(request: &HttpRequest) -> String {
    let next: String =
        url::form_urlencoded::byte_serialize(request.uri().to_string().as_bytes()).collect();
    format!("/sign-in?next={next}")
}

pub(super) async fn by_password(
    form: Form<Credentials>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let Credentials { name, password, next } = form.into_inner();
    let signed_in =
        access::sign_in_by_password(&app, (&name, password), app.client(&request)).await?;
    access::end_presented(&app, &request).await?;
    Ok(go_on(signed_in, next.as_deref()))
}

pub(super) async fn by_link(
    link: Path<String>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let link = Secret::presented(&link);
    let signed_in = access::sign_in_by_link(&app, &link, app.client(&request)).await?;
    access::end_presented(&app, &request).await?;
    Ok(go_on(signed_in, None))
}

pub(super) async fn out(caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let gone = access::sign_out(&app, &caller).await?;
    Ok(HttpResponse::SeeOther()
        .cookie(gone)
        .insert_header((LOCATION, "/sign-in"))
        .finish())
}

fn go_on(signed_in: SignedIn, next: Option<&str>) -> HttpResponse {
    HttpResponse::SeeOther()
        .cookie(signed_in.cookie)
        .insert_header((LOCATION, next.filter(|next| is_ours(next)).unwrap_or("/")))
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
