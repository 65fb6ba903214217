//! What people are told when something does not go: a page like the others, or the way to sign in.

use std::collections::BTreeMap;

use actix_web::body::BoxBody;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE, ContentType, TryIntoHeaderValue as _};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use askama::Template;

use super::layout::Layout;
use super::sign_in;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    layout: Layout,
    status: u16,
    code: &'static str,
    title: &'static str,
    detail: String,
    errors: BTreeMap<String, String>,
    advice: &'static str,
}

/// A refusal for people: whoever is not signed in is shown where to.
pub(crate) fn refused(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    if matches!(problem, Problem::Unauthenticated) {
        return sign_in::demanded(request);
    }
    let body = problem.body();
    let page = ProblemPage {
        layout: Layout::of(request),
        status: body.status,
        code: problem.code(),
        title: problem.title(),
        detail: sentence(&body.detail),
        errors: body.errors,
        advice: advice(problem),
    };
    told(problem, &page)
}

/// A refusal where no route says for whom it is: browsers ask for pages, programs do not.
pub(crate) fn refused_anywhere(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let accepted = request.headers().get(ACCEPT);
    let wants_page = accepted
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"));
    if wants_page && !request.path().starts_with("/api/") {
        refused(request, problem)
    } else {
        problem.error_response()
    }
}

/// The answer to a problem, with a page for its body; its own text where even that fails.
pub(super) fn told(problem: &Problem, page: &impl Template) -> HttpResponse {
    let mut told = problem.error_response();
    let (media, body) = match page.render() {
        Ok(page) => (ContentType::html(), page),
        Err(error) => {
            tracing::error!(error = error.to_string(), "could not render a page");
            (ContentType::plaintext(), format!("{}: {problem}\n", problem.title()))
        }
    };
    let media = media.try_into_value().expect("it is a media type");
    told.headers_mut().insert(CONTENT_TYPE, media);
    told.set_body(BoxBody::new(body))
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// What to do about it.
fn advice(problem: &Problem) -> &'static str {
    match problem {
        Problem::Unauthenticated => "Sign in.",
        Problem::Forbidden(_) => "Ask an admin for it: `waybill user` sets what you may do.",
        Problem::Forged => {
            "Load the page again and repeat what you did: it was made for another session, or another site sent you here."
        }
        Problem::NotFound(_) => {
            "It may have been spelled otherwise, or it is older than what is kept."
        }
        Problem::MethodNotAllowed(_) | Problem::UnknownMediaType => {
            "A link or a form is wrong: begin at the overview."
        }
        Problem::Invalid(_) => "Change what is named above and try again.",
        Problem::Conflict(_) => "Load the page again to see how things stand.",
        Problem::TooLarge => "Send less at once.",
        Problem::TooMany { .. } => "Wait some minutes before the next try.",
        Problem::TooSlow => "Narrow the search down, by time for example, and try again.",
        Problem::Unavailable(_) => {
            "Webhooks are still accepted. The console shows them again when the database answers."
        }
        Problem::Internal(_) => {
            "Nothing was changed that is not shown. The console's log has the cause."
        }
    }
}
