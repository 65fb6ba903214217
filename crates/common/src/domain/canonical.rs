//! What of ours is hashed, in [canonical JSON](super::jcs): so that a hash of it means something.
//!
//! Canonical JSON has IEEE doubles for numbers, so two integers beyond 2^53 can share a text. Whatever is hashed must
//! therefore keep to [`INTEGER_MAX`]; [`check`] says whether a value does.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::INTEGER_MAX;
use super::jcs::{self, InOrder};

/// Why a value has no canonical form of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    #[error("a number is no integer within ±(2^53 − 1)")]
    Number,
    #[error("a text contains U+0000, which the database cannot keep")]
    Nul,
}

/// The canonical bytes, UTF-8.
///
/// # Errors
/// A number or text that cannot be kept exactly.
pub fn to_vec(value: &impl Serialize) -> Result<Vec<u8>, CanonicalError> {
    let value = serde_json::to_value(value).map_err(|_no_form| CanonicalError::Number)?;
    check(&value)?;
    Ok(jcs::to_vec(&InOrder(&value)).expect("a value has a JSON form"))
}

/// SHA-256 of the canonical bytes after a prefix, which may be empty.
///
/// # Errors
/// As [`to_vec`].
pub fn sha256(prefix: &[u8], value: &impl Serialize) -> Result<[u8; 32], CanonicalError> {
    let canonical = to_vec(value)?;
    Ok(Sha256::new()
        .chain_update(prefix)
        .chain_update(canonical)
        .finalize()
        .into())
}

/// Whether every number and text in it can be kept and hashed exactly.
///
/// # Errors
/// The first thing that cannot.
pub fn check(value: &Value) -> Result<(), CanonicalError> {
    match value {
        Value::Null | Value::Bool(_) => Ok(()),
        Value::Number(number) => number
            .as_i64()
            .filter(|integer| (-INTEGER_MAX..=INTEGER_MAX).contains(integer))
            .map(|_| ())
            .ok_or(CanonicalError::Number),
        Value::String(text) => check_text(text),
        Value::Array(items) => items.iter().try_for_each(check),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            check_text(name)?;
            check(member)
        }),
    }
}

fn check_text(text: &str) -> Result<(), CanonicalError> {
    match text.contains('\0') {
        true => Err(CanonicalError::Nul),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
