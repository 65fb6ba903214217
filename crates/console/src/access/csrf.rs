//! Proof that a request comes from our own pages.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use waybill_common::access::Secret;

/// Where scripts put the token.
pub const CSRF_HEADER: &str = "x-csrf-token";
/// Where forms put it.
pub const CSRF_FIELD: &str = "csrf_token";
/// Keeps this use of the session's secret apart from every other.
const PURPOSE: &[u8] = b"waybill csrf token v1";

/// Derived from the session's secret, which only the cookie holds: whoever reads the database cannot make one.
#[derive(Clone, PartialEq, Eq)]
pub struct CsrfToken(String);

impl CsrfToken {
    pub(super) fn of(session: &Secret) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(session.expose().as_bytes())
            .expect("a key of any length is taken");
        mac.update(PURPOSE);
        Self(hex::encode(mac.finalize().into_bytes()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in constant time.
    pub(super) fn matches(&self, presented: &str) -> bool {
        self.0.as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

impl std::fmt::Debug for CsrfToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("CsrfToken(redacted)")
    }
}
