use serde_json::json;

use super::*;

fn told(filter: &Value) -> Vec<String> {
    let told = |part: Part| format!("{} {}", part.what, part.at.map_or(part.value, |at| at.text));
    parts(filter).into_iter().map(told).collect()
}

#[test]
fn everything_that_narrows_is_told_and_times_are_moments() {
    let filter = json!({
        "source": "a_b", "reason": "unusable", "native_type": "payment_intent.succeeded",
        "from": "2026-01-01T12:00:00.000000Z", "to": "2026-01-02T00:00:00Z",
    });
    assert_eq!(
        told(&filter),
        [
            "source a_b",
            "reason unusable",
            "type payment_intent.succeeded",
            "received from 2026-01-01 12:00:00 UTC",
            "received before 2026-01-02 00:00:00 UTC",
        ]
    );
}

#[test]
fn letters_by_name_are_counted_and_all_letters_have_no_part() {
    assert_eq!(told(&json!({ "webhooks": ["a", "b"] })), ["named one by one 2"]);
    assert!(told(&json!({})).is_empty());
}
