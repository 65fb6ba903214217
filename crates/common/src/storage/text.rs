//! Text that PostgreSQL can keep. It refuses U+0000 in `text` and `jsonb`.
//!
//! The guarantee has two halves. An event whose meaning holds U+0000 (a name, a key, an effect) ends `dead` before any of
//! it is written: [`crate::domain::canonical::check`] finds it. What is only remembered about an event (headers, trace,
//! error text, the event's own fields once it is dead) passes through here. Bodies are bytes and keep everything.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// The text with U+FFFD in the place of U+0000.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}").into(),
        false => text.into(),
    }
}

/// The map as JSON text for a `jsonb` column.
pub(super) fn storable_json(map: &BTreeMap<String, String>) -> String {
    let map: BTreeMap<_, _> = map
        .iter()
        .map(|(key, value)| (storable(key), storable(value)))
        .collect();
    serde_json::to_string(&map).expect("a map of texts always has a JSON form")
}
