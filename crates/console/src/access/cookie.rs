//! What all our cookies have in common.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, CookieBuilder, SameSite};

use super::Origin;

/// What a cookie is called.
pub(super) struct CookieName {
    /// Begins with `__Host-`, which makes browsers refuse it from any other host or path, and without encryption.
    pub(super) encrypted: &'static str,
    /// On plain HTTP, as in the demo on this machine, that prefix would not be taken.
    pub(super) plain: &'static str,
}

impl CookieName {
    pub(super) fn at(&self, origin: &Origin) -> &'static str {
        if origin.is_encrypted() { self.encrypted } else { self.plain }
    }

    /// Out of reach for scripts and for what other sites send; Lax, so that whoever follows a link to us brings it along.
    pub(super) fn holding(&self, value: String, origin: &Origin) -> CookieBuilder<'static> {
        Cookie::build(self.at(origin), value)
            .path("/")
            .http_only(true)
            .secure(origin.is_encrypted())
            .same_site(SameSite::Lax)
    }

    /// Takes the cookie away.
    pub(super) fn gone(&self, origin: &Origin) -> Cookie<'static> {
        self.holding(String::new(), origin)
            .max_age(Duration::ZERO)
            .finish()
    }
}
