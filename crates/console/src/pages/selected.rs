//! Which letters a replay is about, for people.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::badge::words;
use super::moment::Moment;

/// Something that narrows the letters down.
pub(super) struct Part {
    pub(super) what: &'static str,
    pub(super) value: String,
    /// Where it is a time.
    pub(super) at: Option<Moment>,
}

/// Of a replay's stored filter; nothing is every letter.
pub(super) fn parts(filter: &Value) -> Vec<Part> {
    let named = ["source", "reason", "native_type", "from", "to"];
    let texts = named.into_iter().filter_map(|name| {
        let value = filter.get(name)?.as_str()?;
        Some(part(name, value))
    });
    let webhooks = filter.get("webhooks").and_then(Value::as_array);
    let ids = webhooks.map(|ids| Part {
        what: "named one by one",
        value: ids.len().to_string(),
        at: None,
    });
    texts.chain(ids).collect()
}

fn part(name: &str, value: &str) -> Part {
    let at = DateTime::parse_from_rfc3339(value).map(|at| at.with_timezone(&Utc));
    let (what, at) = match name {
        "source" => ("source", None),
        "reason" => ("reason", None),
        "native_type" => ("type", None),
        "from" => ("received from", at.ok()),
        _ => ("received before", at.ok()),
    };
    let value = if name == "reason" { words(value) } else { value.to_owned() };
    Part { what, value, at: at.map(Moment::from) }
}

#[cfg(test)]
mod tests;
