//! The cookie of a browser's session.

use actix_web::cookie::Cookie;
use waybill_common::access::Secret;

use super::Origin;
use super::cookie::CookieName;

pub(super) const NAME: CookieName = CookieName { encrypted: "__Host-waybill", plain: "waybill" };

/// Ends with the browser; the server's own limits end it before. Lax and not Strict: whoever follows a link from a chat
/// to an order is still signed in, and nothing changes by following a link.
pub(super) fn cookie(origin: &Origin, secret: &Secret) -> Cookie<'static> {
    NAME.holding(secret.expose().to_owned(), origin).finish()
}
