//! Comparing secrets: every active one is tried, always all of them, and nothing stops early.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use waybill_common::config::Secret;
use waybill_common::domain::{Timestamp, Trust};

use crate::{Found, Request, SignatureError, Verified, form};

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

/// Base64 of [`hmac_sha256`], which is how most providers write it. Compared as text, so that no other spelling of the
/// same bytes is believed.
pub(crate) fn hmac_base64(key: &[u8], parts: &[&[u8]]) -> String {
    BASE64.encode(hmac_sha256(key, parts))
}

/// Whether two texts are the same, in a time that only depends on their lengths.
pub(crate) fn same(one: &str, other: &str) -> Choice {
    one.as_bytes().ct_eq(other.as_bytes())
}

/// The one value of a header, or why there is none.
pub(crate) fn header<'a>(request: &Request<'a>, name: &str) -> Result<&'a str, SignatureError> {
    match request.headers.get(name) {
        Found::Once(value) => Ok(value),
        Found::Absent => Err(SignatureError::Missing),
        Found::Ambiguous => Err(SignatureError::Malformed),
    }
}

/// Believes a request that carries one signature, by whichever active secret made it. Computed even where there is
/// none, so that every refusal costs the same.
pub(crate) fn one_signature(
    secrets: &[Secret],
    now: Timestamp,
    claimed: Result<&str, SignatureError>,
    expected: impl Fn(&str) -> String,
) -> Result<usize, SignatureError> {
    let text = claimed.unwrap_or_default();
    let found = matching(secrets, now, |secret| same(text, &expected(secret)));
    claimed.and(found.ok_or(SignatureError::Mismatch))
}

/// The header of HTTP's basic authentication for `user:password`.
pub(crate) fn basic(credentials: &str) -> String {
    format!("Basic {}", BASE64.encode(credentials))
}

fn by_token(token: usize) -> Verified {
    Verified { token: Some(token), ..Verified::by(Trust::Bearer, None) }
}

/// Believes a request by the token in its query, `?access_token=…`.
pub(crate) fn by_query(
    tokens: &[Secret],
    request: &Request<'_>,
    now: Timestamp,
) -> Result<Verified, SignatureError> {
    let claimed = form::field(request.query.as_bytes(), "access_token");
    let text = claimed.as_deref().unwrap_or_default();
    let otherwise = claimed
        .as_ref()
        .map_or(SignatureError::Missing, |_| SignatureError::Mismatch);
    matching(tokens, now, |token| same_token(token, text))
        .map(by_token)
        .ok_or(otherwise)
}

/// Believes a request by the token in its header, `Authorization: Bearer …`.
pub(crate) fn by_bearer(
    tokens: &[Secret],
    request: &Request<'_>,
    now: Timestamp,
) -> Result<Verified, SignatureError> {
    let (token, otherwise) = match request.headers.get("authorization") {
        Found::Absent => ("", SignatureError::Missing),
        Found::Ambiguous => ("", SignatureError::Malformed),
        Found::Once(value) => match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                (token, SignatureError::Mismatch)
            }
            Some(_) | None => ("", SignatureError::Malformed),
        },
    };
    // Compared even where there is none, so that every refusal costs the same.
    matching(tokens, now, |secret| same_token(secret, token))
        .map(by_token)
        .ok_or(otherwise)
}
