//! What changed of an order's state, field by field, in words and money.

use serde_json::Value;
use waybill_operate::difference::Changed;

use super::amount::amount;
use super::badge::words;

/// The fields of an order's state that are money.
const MONEY: [&str; 5] = ["total", "authorized", "captured", "refunded", "disputed"];

/// A field that changed, as `macros.html` writes it.
pub(super) struct Change {
    pub(super) field: String,
    pub(super) before: String,
    pub(super) after: String,
}

/// `currency` is the order's before the step, and then after it.
pub(super) fn changes(changed: &Changed, currency: &mut Option<String>) -> Vec<Change> {
    let was = currency.clone();
    if let Some([_, now]) = changed.get("currency") {
        *currency = now.as_str().map(str::to_owned);
    }
    // An amount that came with its currency was nothing of it before.
    let was = was.or_else(|| currency.clone());
    let mut changes: Vec<Change> = changed
        .iter()
        .filter(|(field, _)| *field != "currency" || currency.is_none())
        .map(|(field, [before, after])| Change {
            field: words(field),
            before: text(field, before, was.as_deref()),
            after: text(field, after, currency.as_deref()),
        })
        .collect();
    // The headline first, then money: what people look for.
    let rank = |change: &Change| match change.field.as_str() {
        "status" => 0,
        field if MONEY.contains(&field) => 1,
        _ => 2,
    };
    changes.sort_by_key(rank);
    changes
}

fn text(field: &str, value: &Value, currency: Option<&str>) -> String {
    match value {
        Value::Number(minor) if MONEY.contains(&field) => amount(minor.as_i64(), currency),
        Value::String(name) => words(name),
        Value::Array(names) if names.is_empty() => "none".to_owned(),
        Value::Array(names) => {
            let names: Vec<String> = names.iter().filter_map(Value::as_str).map(words).collect();
            names.join(", ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => amount(None, None),
    }
}
