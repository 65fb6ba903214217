//! The id by which a sender's people and ours talk about one request.

use std::fmt;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header that is echoed.
pub const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");
/// Longer ones are not repeated into logs and answers.
const BYTES_MAX: usize = 128;

/// A correlation id that is safe to log and to send back: `[A-Za-z0-9_.:-]`, at most 128 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrelationId(String);

impl CorrelationId {
    #[must_use]
    pub fn made() -> Self {
        Self(Uuid::now_v7().to_string())
    }

    /// The sender's own, if it is safe.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
        let fits = (1..=BYTES_MAX).contains(&text.len());
        (fits && text.bytes().all(safe)).then(|| Self(text.to_owned()))
    }

    /// The request header's, if it is given once and safe.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(HEADER);
        let first = values.next()?;
        match values.next() {
            None => first.to_str().ok().and_then(Self::parse),
            Some(_) => None,
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// # Panics
    /// Never: every accepted byte may stand in a header.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("only letters, digits and four signs are in it")
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
