//! The web page: what people see. Server-rendered.

mod sign_in;

use actix_web::body::BoxBody;
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};

use crate::access::Policy;
use crate::problem::Problem;
use crate::route::Route;

/// Every page, on one screen.
#[must_use]
pub fn routes() -> Vec<Route> {
    let signing_in = Policy::public("whoever signs in is not signed in yet");
    vec![
        Route::page(Method::POST, "/sign-in", signing_in, sign_in::by_password),
        Route::page(Method::GET, "/sign-in/{link}", signing_in, sign_in::by_link),
        Route::page(Method::POST, "/sign-out", Policy::known(), sign_in::out),
    ]
}

/// A refusal for people: whoever is not signed in is shown where to.
pub(crate) fn refused(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    if matches!(problem, Problem::Unauthenticated) && request.path() != "/sign-in" {
        return HttpResponse::SeeOther()
            .insert_header((LOCATION, sign_in::address(request)))
            .finish();
    }
    let mut told = problem.error_response();
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    told.headers_mut().insert(CONTENT_TYPE, plain);
    told.set_body(BoxBody::new(format!("{}: {problem}\n", problem.title())))
}
