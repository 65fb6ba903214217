//! HMAC-SHA-256 in base64, with a key of hexadecimal digits.

use crate::credential::hmac_base64;

/// Where platform and management webhooks carry the signature of their whole body.
pub(super) const HEADER: &str = "hmacsignature";

pub(super) fn of(key: &str, signed: &[u8]) -> String {
    // Checked when the source was set up.
    let key = hex::decode(key).unwrap_or_default();
    hmac_base64(&key, &[signed])
}
