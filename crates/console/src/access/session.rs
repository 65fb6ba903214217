//! The cookie of a browser's session.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use waybill_common::access::Secret;

use super::Origin;

/// The prefix makes browsers refuse the cookie from any other host or path, and without encryption.
const ENCRYPTED: &str = "__Host-waybill";
/// On plain HTTP, as in the demo on this machine, that prefix would not be taken.
const PLAIN: &str = "waybill";

pub(super) fn name(origin: &Origin) -> &'static str {
    if origin.is_encrypted() { ENCRYPTED } else { PLAIN }
}

/// Ends with the browser; the server's own limits end it before. Lax and not Strict: whoever follows a link from a chat
/// to an order is still signed in, and nothing changes by following a link.
pub(super) fn cookie(origin: &Origin, secret: &Secret) -> Cookie<'static> {
    base(origin, secret.expose().to_owned()).finish()
}

/// Takes the cookie away.
pub(super) fn no_cookie(origin: &Origin) -> Cookie<'static> {
    base(origin, String::new()).max_age(Duration::ZERO).finish()
}

fn base(origin: &Origin, value: String) -> actix_web::cookie::CookieBuilder<'static> {
    Cookie::build(name(origin), value)
        .path("/")
        .http_only(true)
        .secure(origin.is_encrypted())
        .same_site(SameSite::Lax)
}
