//! Comparing secrets: every active one is tried, always all of them, and nothing stops early.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use waybill_common::config::Secret;
use waybill_common::domain::Timestamp;

/// Which of the active secrets matches, counted from 0 over all that are configured.
pub(crate) fn matching(
    secrets: &[Secret],
    now: Timestamp,
    matches: impl Fn(&str) -> Choice,
) -> Option<usize> {
    let mut found = None;
    for (index, secret) in secrets.iter().enumerate() {
        if secret.is_active(now) && bool::from(matches(secret.expose())) && found.is_none() {
            found = Some(index);
        }
    }
    found
}

/// The secret to sign with: the first active one.
pub(crate) fn signing(secrets: &[Secret], now: Timestamp) -> &str {
    secrets
        .iter()
        .find(|secret| secret.is_active(now))
        .or(secrets.first())
        .map_or("", Secret::expose)
}

/// Whether two tokens are the same, in a time that tells neither length nor content.
pub(crate) fn same_token(one: &str, other: &str) -> Choice {
    Sha256::digest(one)
        .as_slice()
        .ct_eq(Sha256::digest(other).as_slice())
}

/// HMAC-SHA-256 over the parts, one after the other.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
