//! What differs between two states of an order.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use waybill_common::domain::OrderState;

/// By field, `[before, after]`: status, axes, money and flags.
pub type Changed = BTreeMap<String, [Value; 2]>;

/// The fields that differ.
#[must_use]
pub fn changed(before: &OrderState, after: &OrderState) -> Changed {
    let before = fields(before);
    let was = |name: &str| before.get(name).cloned().unwrap_or_default();
    fields(after)
        .into_iter()
        .map(|(name, is)| (was(&name), name, is))
        .filter(|(was, _, is)| was != is)
        .map(|(was, name, is)| (name, [was, is]))
        .collect()
}

fn fields(state: &OrderState) -> Map<String, Value> {
    match serde_json::to_value(state) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => unreachable!("an order's state is an object in JSON"),
    }
}
