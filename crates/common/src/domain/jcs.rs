//! Canonical JSON itself (RFC 8785, «JCS»): one text for one meaning.
//!
//! The RFC's spacing and escapes are those of `serde_json`'s compact form. What is left are numbers, as ECMAScript writes
//! them, and the order of names. Each event is written so twice, by ingest and by the worker: a general canonicalizer, which
//! is what the tests compare this with, was a quarter of the worker's work.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::ser::{self, CompactFormatter, Formatter};

use super::INTEGER_MAX;

/// What most events take.
const USUAL_BYTES: usize = 1_024;

/// The canonical bytes of a value that tells the members of its objects [in order](members).
///
/// # Errors
/// Where the value says that it has no JSON form.
pub fn to_vec(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    value.serialize(&mut ser::Serializer::with_formatter(&mut text, Doubles))?;
    Ok(text)
}

/// Tells the members of an object in canonical order: by their names' UTF-16 codes (RFC 8785, section 3.2.3).
///
/// # Errors
/// The serializer's.
pub fn members<'a, S: Serializer, V: Serialize>(
    members: impl Iterator<Item = (&'a String, V)>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut members: Vec<(&String, V)> = members.collect();
    members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
    serializer.collect_map(members)
}

/// A value with all its objects' members in order.
pub(super) struct InOrder<'a>(pub(super) &'a Value);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => serializer.collect_seq(items.iter().map(InOrder)),
            Value::Object(map) => {
                members(map.iter().map(|(name, value)| (name, InOrder(value))), serializer)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.0.serialize(serializer)
            }
        }
    }
}

/// Every number is an IEEE double and is written as ECMAScript does (RFC 8785, section 3.2.2.3).
struct Doubles;

impl Formatter for Doubles {
    fn write_f64<W: ?Sized + Write>(&mut self, text: &mut W, number: f64) -> io::Result<()> {
        text.write_all(ryu_js::Buffer::new().format(number).as_bytes())
    }

    #[expect(clippy::cast_precision_loss, reason = "a number is a double here")]
    fn write_i64<W: ?Sized + Write>(&mut self, text: &mut W, number: i64) -> io::Result<()> {
        if (-INTEGER_MAX..=INTEGER_MAX).contains(&number) {
            CompactFormatter.write_i64(text, number)
        } else {
            self.write_f64(text, number as f64)
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a number is a double here")]
    fn write_u64<W: ?Sized + Write>(&mut self, text: &mut W, number: u64) -> io::Result<()> {
        match i64::try_from(number) {
            Ok(number) => self.write_i64(text, number),
            Err(_beyond) => self.write_f64(text, number as f64),
        }
    }
}

#[cfg(test)]
mod tests;
