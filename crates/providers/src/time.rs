//! Times as providers write them.

use waybill_common::domain::{OccurredAt, Origin, Precision, Timestamp};

use crate::json::Json;

/// A time in RFC 3339, such as `2026-01-01T06:58:00-05:00`.
pub(crate) fn rfc3339(value: &Json<'_>, origin: Origin) -> Option<OccurredAt> {
    let text = value.text()?;
    at(text, origin)
}

/// As [`rfc3339`], from bare text.
pub(crate) fn at(text: &str, origin: Origin) -> Option<OccurredAt> {
    let at = Timestamp::parse(text).ok()?;
    Some(OccurredAt { at, precision: precision(text), origin })
}

/// A time in UTC without zone, such as `2026-01-01T11:58:00` or `2026-01-01 11:58:00`.
pub(crate) fn without_zone(value: &Json<'_>, origin: Origin) -> Option<OccurredAt> {
    let text = value.text()?;
    at(&format!("{}Z", text.replacen(' ', "T", 1)), origin)
}

/// By the digits that the sender wrote.
pub(crate) fn precision(text: &str) -> Precision {
    let digits = text
        .split_once('.')
        .map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    match digits {
        0 => Precision::S,
        1..=3 => Precision::Ms,
        _ => Precision::Us,
    }
}
