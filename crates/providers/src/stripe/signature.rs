//! `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>…]`: HMAC-SHA-256 over `<t>.<body>`, keyed with the secret as it
//! is printed, `whsec_` included.

use subtle::{Choice, ConstantTimeEq};
use waybill_common::domain::Timestamp;

use crate::SignatureError;
use crate::credential::hmac_sha256;

/// As in the official libraries, and one-sided like theirs: a time in the future is accepted.
const AGE_MAX_SECONDS: i64 = 300;
const SIGNATURES_MAX: usize = 5;

/// What the header claims.
#[derive(Default)]
pub(super) struct Claim<'a> {
    /// As it is signed.
    seconds: &'a str,
    pub(super) time: Option<Timestamp>,
    signatures: Vec<&'a str>,
}

/// Reads the header. Schemes other than `v1` are ignored, for they are weaker.
pub(super) fn read(header: &str) -> Option<Claim<'_>> {
    let mut claim = Claim::default();
    for element in header.split(',') {
        match element.split_once('=')? {
            ("t", seconds) if claim.time.is_none() => {
                claim.seconds = seconds;
                claim.time = Some(time(seconds)?);
            }
            ("t", _) => return None,
            ("v1", signature) => claim.signatures.push(signature),
            _ => {}
        }
    }
    let usable = claim.time.is_some() && (1..=SIGNATURES_MAX).contains(&claim.signatures.len());
    usable.then_some(claim)
}

fn time(seconds: &str) -> Option<Timestamp> {
    let digits = seconds.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .then(|| seconds.parse().ok())
        .flatten()
        .and_then(|seconds| Timestamp::from_seconds(seconds).ok())
}

impl Claim<'_> {
    /// Whether one of the signatures was made with that secret.
    pub(super) fn is_by(&self, secret: &str, body: &[u8]) -> Choice {
        let expected = digest(secret, self.seconds, body);
        self.signatures
            .iter()
            .fold(Choice::from(0), |found, signature| {
                found | signature.as_bytes().ct_eq(expected.as_bytes())
            })
    }
}

/// Looked at only where the signature is right, so that the refusal tells of clocks and not of forgeries.
pub(super) fn recent(signed_at: Timestamp, now: Timestamp) -> Result<(), SignatureError> {
    if now.seconds() - signed_at.seconds() > AGE_MAX_SECONDS {
        return Err(SignatureError::TooOld);
    }
    Ok(())
}

pub(super) fn write(secret: &str, body: &[u8], now: Timestamp) -> String {
    let seconds = now.seconds().to_string();
    format!("t={seconds},v1={}", digest(secret, &seconds, body))
}

fn digest(secret: &str, seconds: &str, body: &[u8]) -> String {
    hex::encode(hmac_sha256(secret.as_bytes(), &[seconds.as_bytes(), b".", body]))
}
