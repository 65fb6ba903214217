//! The one way into the console: a table of routes, each of which has a policy.
//!
//! A [`Route`] cannot be made without a [`Policy`], its fields are private, and [`mount`] registers nothing but the
//! table. So a route without a policy does not compile:
//!
//! ```compile_fail
//! use actix_web::http::Method;
//! use waybill_console::route::Route;
//!
//! async fn handler() -> &'static str { "everybody sees this" }
//! let open = Route::page(Method::GET, "/open", handler);
//! ```
//!
//! And with one it does:
//!
//! ```
//! use actix_web::http::Method;
//! use waybill_console::access::Policy;
//! use waybill_console::route::Route;
//!
//! async fn handler() -> &'static str { "everybody sees this" }
//! let open = Route::page(Method::GET, "/open", Policy::public("an example"), handler);
//! ```

use std::collections::{BTreeMap, BTreeSet};

use actix_web::error::{JsonPayloadError, PathError, QueryPayloadError, UrlencodedError};
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, FormConfig, JsonConfig, PathConfig, QueryConfig, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Responder, dev};
use utoipa::openapi::path::HttpMethod;

use crate::access::{self, Policy};
use crate::problem::Problem;
use crate::{api, pages};

/// The largest body that any route takes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// For whom a route answers, and so how it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Programs: problem+json.
    Program,
    /// People: a page, or the way to sign in.
    Person,
}

/// A handler behind its policy.
pub struct Route {
    method: Method,
    path: String,
    policy: Policy,
    audience: Audience,
    service: actix_web::Route,
}

impl Route {
    /// A route of the API. Method and path are those of its documentation, which `#[utoipa::path]` makes of the
    /// handler, so that nothing undocumented can be served.
    ///
    /// # Panics
    /// Where the documentation names no method; the first test that builds the table finds out.
    pub fn api<D, F, Args>(_documentation: D, policy: Policy, handler: F) -> Self
    where
        D: utoipa::Path,
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let method = D::methods()
            .first()
            .map(method_of)
            .expect("a path has a method");
        Self::new(method, D::path(), (policy, Audience::Program), handler)
    }

    /// A page, or what a page needs.
    pub fn page<F, Args>(method: Method, path: &str, policy: Policy, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(method, path.to_owned(), (policy, Audience::Person), handler)
    }

    fn new<F, Args>(
        method: Method,
        path: String,
        (policy, audience): (Policy, Audience),
        handler: F,
    ) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let service = web::method(method.clone()).to(handler).wrap(from_fn(
            move |request: dev::ServiceRequest, next: Next<_>| {
                access::admit(policy, audience, request, next)
            },
        ));
        Self { method, path, policy, audience, service }
    }

    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    #[must_use]
    pub fn policy(&self) -> Policy {
        self.policy
    }

    #[must_use]
    pub fn audience(&self) -> Audience {
        self.audience
    }
}

/// Every route of the console.
#[must_use]
pub fn table() -> Vec<Route> {
    api::routes().into_iter().chain(pages::routes()).collect()
}

/// Registers the table; whatever is not in it is not there.
pub fn mount(routes: &mut ServiceConfig) {
    let mut resources: BTreeMap<String, Vec<Route>> = BTreeMap::new();
    for route in table() {
        resources.entry(route.path.clone()).or_default().push(route);
    }
    // By path, so that `/orders/{order}` comes before `/orders/{order}/events`; a pattern matches whole paths only.
    for (path, at_path) in resources {
        let methods: BTreeSet<&str> = at_path.iter().map(|route| route.method.as_str()).collect();
        let allowed = methods.into_iter().collect::<Vec<_>>().join(", ");
        let mut resource = web::resource(path);
        for route in at_path {
            resource = resource.route(route.service);
        }
        let unknown = move |request: HttpRequest| {
            let problem = Problem::MethodNotAllowed(allowed.clone());
            async move { pages::refused_anywhere(&request, &problem) }
        };
        routes.service(resource.default_service(web::to(unknown)));
    }
    routes
        .app_data(QueryConfig::default().error_handler(unreadable_query))
        .app_data(PathConfig::default().error_handler(unreadable_path))
        .app_data(
            FormConfig::default()
                .limit(BODY_BYTES_MAX)
                .error_handler(unreadable_form),
        )
        .app_data(
            JsonConfig::default()
                .limit(BODY_BYTES_MAX)
                .error_handler(unreadable_body),
        )
        .default_service(web::to(unknown_path));
}

async fn unknown_path(request: HttpRequest) -> HttpResponse {
    pages::refused_anywhere(&request, &Problem::NotFound("path"))
}

fn unreadable_query(error: QueryPayloadError, _request: &HttpRequest) -> actix_web::Error {
    Problem::invalid("query", error.to_string()).into()
}

fn unreadable_path(error: PathError, _request: &HttpRequest) -> actix_web::Error {
    Problem::invalid("path", error.to_string()).into()
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is open, and the others are about what is in it"
)]
fn unreadable_body(error: JsonPayloadError, _request: &HttpRequest) -> actix_web::Error {
    match error {
        JsonPayloadError::ContentType => Problem::UnknownMediaType,
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            Problem::TooLarge
        }
        _ => Problem::invalid("body", error.to_string()),
    }
    .into()
}

fn unreadable_form(error: UrlencodedError, _request: &HttpRequest) -> actix_web::Error {
    Problem::invalid("body", error.to_string()).into()
}

fn method_of(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Trace => Method::TRACE,
        _ => Method::GET,
    }
}
