//! What every page has around its content: who is signed in, where one can go, and where scripts and styles are.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::ContentType;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse};
use askama::Template;
use waybill_common::access::Scope;

use super::assets;
use crate::access::{Caller, Policy};
use crate::problem::Problem;

/// A part of the console, as the navigation lists it.
struct Section {
    path: &'static str,
    /// What belongs to it and lies elsewhere.
    also: Option<&'static str>,
    name: &'static str,
    policy: Policy,
}

/// In the order of the navigation. Each is shown to whom its page would be.
const SECTIONS: &[Section] = &[
    Section::new("/", "Overview", Policy::viewer(Scope::Stats)),
    Section::new("/orders", "Orders", Policy::viewer(Scope::Orders)),
    Section::new("/webhooks", "Webhooks", Policy::viewer(Scope::Webhooks)),
    Section {
        also: Some("/replays"),
        ..Section::new("/dead-letters", "Dead letters", Policy::viewer(Scope::DeadLetters))
    },
    Section::new("/sources", "Sources", Policy::viewer(Scope::Sources)),
    Section::new("/activity", "Activity", Policy::operator(Scope::Activity)),
];

/// The frame of a page, in `layout.html`. Handlers take it as an argument and templates have it as `layout`.
pub(super) struct Layout {
    /// Absent where nobody is known: on the page to sign in, and on addresses that do not exist.
    pub(super) person: Option<Person>,
}

/// Who looks at the page.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) role: &'static str,
    /// What forms send as `csrf_token`; absent for tokens, which need none.
    pub(super) csrf: Option<String>,
    pub(super) links: Vec<Link>,
}

/// A section that somebody may see.
pub(super) struct Link {
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) is_current: bool,
}

impl Layout {
    pub(super) fn of(request: &HttpRequest) -> Self {
        let caller = request.extensions().get::<Caller>().cloned();
        Self { person: caller.map(|caller| Person::of(&caller, request.path())) }
    }

    /// The address of a script, style or picture.
    #[expect(clippy::unused_self, reason = "templates reach everything through it")]
    pub(super) fn asset(&self, path: &str) -> String {
        assets::address(path)
    }

    /// What forms send as `csrf_token`.
    pub(super) fn csrf(&self) -> &str {
        let csrf = self
            .person
            .as_ref()
            .and_then(|person| person.csrf.as_deref());
        csrf.unwrap_or_default()
    }
}

impl Person {
    fn of(caller: &Caller, path: &str) -> Self {
        let links = SECTIONS
            .iter()
            .filter(|section| section.policy.allows(&caller.grant).is_ok())
            .map(|section| Link {
                path: section.path,
                name: section.name,
                is_current: section.holds(path),
            });
        Self {
            name: caller.name.clone(),
            role: caller.grant.role.as_str(),
            csrf: caller.csrf().map(|csrf| csrf.as_str().to_owned()),
            links: links.collect(),
        }
    }
}

impl Section {
    const fn new(path: &'static str, name: &'static str, policy: Policy) -> Self {
        Self { path, also: None, name, policy }
    }

    fn holds(&self, path: &str) -> bool {
        let is_at = |place: &str| {
            let below = path.strip_prefix(place);
            path == place || (place != "/" && below.is_some_and(|rest| rest.starts_with('/')))
        };
        is_at(self.path) || self.also.is_some_and(is_at)
    }
}

impl FromRequest for Layout {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// Answers with a page.
///
/// # Errors
/// `Internal` where the template fails.
pub(super) fn page(template: &impl Template) -> Result<HttpResponse, Problem> {
    let body = template
        .render()
        .map_err(|error| Problem::Internal(error.into()))?;
    Ok(HttpResponse::Ok()
        .content_type(ContentType::html())
        .body(body))
}
