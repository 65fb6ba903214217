//! One browser's way to the provider and back: a secret in a cookie, and what is derived from it.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use actix_web::cookie::time::Duration;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use waybill_common::access::Secret;
use waybill_common::domain::Timestamp;

use super::Origin;
use crate::access::cookie::CookieName;

/// It is the provider's page that leads back, which Lax cookies bear.
const NAME: CookieName = CookieName { encrypted: "__Host-waybill-oidc", plain: "waybill-oidc" };
const LASTS_SECONDS: i64 = 600;

/// The cookie's content but for the page to go on to: when it began, in seconds, and a random secret.
pub struct Trip {
    began: i64,
    secret: String,
}

impl Trip {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { began: now.seconds(), secret: Secret::new("").expose().to_owned() }
    }

    /// What a browser has of it, and the page that it wanted.
    #[must_use]
    pub fn of(request: &HttpRequest, origin: &Origin) -> Option<(Self, String)> {
        let cookie = request.cookie(NAME.at(origin))?;
        let mut parts = cookie.value().splitn(3, '.');
        let began = parts.next()?.parse().ok()?;
        let secret = parts.next().filter(|secret| secret.len() >= 40)?.to_owned();
        let next = BASE64_URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        Some((Self { began, secret }, String::from_utf8(next).ok()?))
    }

    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        (0..LASTS_SECONDS).contains(&(now.seconds() - self.began))
    }

    pub(super) fn cookie(&self, origin: &Origin, next: &str) -> Cookie<'static> {
        let next = BASE64_URL_SAFE_NO_PAD.encode(next);
        NAME.holding(format!("{}.{}.{next}", self.began, self.secret), origin)
            .max_age(Duration::seconds(LASTS_SECONDS))
            .finish()
    }

    /// Takes the cookie away: each trip ends once.
    #[must_use]
    pub fn over(origin: &Origin) -> Cookie<'static> {
        NAME.gone(origin)
    }

    pub(super) fn state(&self) -> String {
        self.derived("state")
    }

    pub(super) fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// Of PKCE: 43 characters.
    pub(super) fn verifier(&self) -> String {
        self.derived("verifier")
    }

    pub(super) fn challenge(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier()))
    }

    pub(super) fn is_state(&self, presented: &str) -> bool {
        self.state().as_bytes().ct_eq(presented.as_bytes()).into()
    }

    fn derived(&self, purpose: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())
            .expect("a key of any length is taken");
        mac.update(format!("waybill oidc {purpose} v1 {}", self.began).as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}
