//! Whether a request's content type is one that its source reads.

use actix_web::http::header::HeaderValue;

/// Parameters that change nothing about how bytes are read.
const HARMLESS: [&str; 3] = ["charset=utf-8", "charset=\"utf-8\"", "charset=us-ascii"];

/// A request without a content type is taken at its word: what was signed can be read or not.
#[must_use]
pub fn is_one_of(known: &[&str], given: Option<&HeaderValue>) -> bool {
    let Some(given) = given else {
        return true;
    };
    let Ok(text) = given.to_str() else {
        return false;
    };
    let text = text.to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let foreign_charset = parts
        .filter(|parameter| parameter.starts_with("charset"))
        .any(|charset| !HARMLESS.contains(&charset));
    known.contains(&essence) && !foreign_charset
}

#[cfg(test)]
mod tests;
