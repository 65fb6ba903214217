use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use waybill_operate::explain::Step;

use super::{at, moment, plain, trail};

#[test]
fn what_a_sender_writes_cannot_move_the_cursor_or_turn_the_text() {
    let hostile = "paid\u{1b}[2J\u{7}\r\n\u{9b}31m\u{202e}x";
    let shown = plain(hostile);
    assert_eq!(shown, "paid\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}\u{fffd}31m\u{fffd}x");
    assert_eq!(plain("Ærø 7 €"), "Ærø 7 €");
}

#[test]
fn a_time_is_shown_to_the_millisecond_however_exact_it_is() {
    for (time, shown) in [
        ("2026-11-24T12:00:00.123456Z", "2026-11-24 12:00:00.123"),
        ("2026-11-24T12:00:00Z", "2026-11-24 12:00:00"),
    ] {
        assert_eq!(moment(time), shown);
    }
    let whole = DateTime::<Utc>::from_timestamp(1_795_521_600, 0).unwrap();
    assert_eq!(at(whole), "2026-11-24 12:00:00.000");
}

/// A step that changed these fields.
fn step(changed: &Value) -> Step {
    let step = json!({
        "seq": 1, "kind": "event", "webhook_id": "01890a5d-ac96-774b-bcce-b302099a8057", "source": "payments",
        "native_type": "paid", "verdict": "applied", "rule": "the join learnt", "label": null, "from_status": null,
        "to_status": "paid", "changed": changed, "occurred_at": "2026-11-24T12:00:00Z",
        "recorded_at": "2026-11-24T12:00:00Z", "late": false, "trace_id": null, "body_sha256": "00",
    });
    serde_json::from_value(step).unwrap()
}

#[test]
fn what_a_step_changed_is_told_in_the_currency_of_its_order() {
    let mut currency = None;
    for (changed, told) in [
        (
            json!({ "status": ["pending", "paid"], "flags": [[], ["untrusted"]] }),
            r#"flags: [] → ["untrusted"]"#,
        ),
        (
            json!({ "captured": [0, 0], "currency": [null, null] }),
            "captured: 0 → 0, currency: – → –",
        ),
        (
            json!({ "captured": [0, 9999], "currency": [null, "EUR"] }),
            "captured: 0.00 EUR → 99.99 EUR",
        ),
        (json!({ "refunded": [0, 500] }), "refunded: 0.00 EUR → 5.00 EUR"),
        (
            json!({ "captured": [9999, 0], "currency": ["EUR", null] }),
            "captured: 99.99 EUR → 0.00 EUR",
        ),
        (json!({ "authorized": [0, 7] }), "authorized: 0 → 7"),
    ] {
        assert_eq!(trail::changes(&step(&changed), &mut currency), told);
    }
}
