//! What each of Adyen's event codes means, and what else stands in its requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use waybill_common::domain::Trust;
use waybill_providers::{Message, Receipt, SignatureError};

use crate::support::{clock, meaning, source, with};

const KEYS: &str = "provider = 'adyen'\nsecrets = ['00ff']";
const REFS: &str = "order:1001 adyen.payment:Shop:8815";

fn item(code: &str, success: &str, more: &Value) -> Value {
    let item = json!({
        "additionalData": {}, "eventCode": code, "success": success, "merchantReference": "1001",
        "merchantAccountCode": "Shop", "pspReference": "8816", "originalReference": "8815",
        "amount": { "value": 9999, "currency": "EUR" }, "eventDate": "2026-01-01T12:00:00Z",
        "reason": "",
    });
    json!({ "NotificationRequestItem": with(item, more) })
}

fn message(items: &[Value]) -> Message {
    Message::json(json!({ "live": "true", "notificationItems": items }).to_string())
}

#[track_caller]
fn check(code: &str, success: &str, more: &Value, expected: &str) {
    let told = meaning(KEYS, &message(&[item(code, success, more)]));
    let none = ["ignored", "unusable"]
        .iter()
        .any(|word| expected.starts_with(word));
    let expected = if none { format!(" | {expected}") } else { format!("{REFS} | {expected}") };
    assert_eq!(told, expected, "{code} {success}");
}

#[test]
fn every_code_has_its_meaning() {
    let part = "by adyen:Shop:8816 of adyen:Shop:8815";
    let attempt = "by adyen:Shop:8816#attempt of adyen:Shop:8815";
    let timed = "at 1767268800000000";
    for (code, success, says) in [
        ("AUTHORISATION", "true", format!("authorize succeeded 99.99 EUR {part}")),
        ("AUTHORISATION", "false", format!("capture failed {attempt}")),
        (
            "AUTHORISATION_ADJUSTMENT",
            "true",
            format!("authorize succeeded 99.99 EUR in all {part}"),
        ),
        ("PENDING", "true", format!("capture pending {attempt}")),
        ("CAPTURE", "true", format!("capture succeeded 99.99 EUR {part}")),
        ("CAPTURE", "false", format!("capture failed 99.99 EUR {part}")),
        ("CAPTURE_FAILED", "true", format!("capture failed 99.99 EUR {part}")),
        ("CANCELLATION", "true", format!("void succeeded {part}")),
        ("TECHNICAL_CANCEL", "true", format!("void succeeded {part}")),
        ("CANCELLATION", "false", "ignored: a request that was refused changes nothing".into()),
        ("REFUND", "true", format!("refund succeeded 99.99 EUR {part}")),
        ("REFUND", "false", format!("refund failed 99.99 EUR {part}")),
        ("REFUND_WITH_DATA", "true", format!("refund succeeded 99.99 EUR {part}")),
        ("REFUND_FAILED", "true", format!("refund failed 99.99 EUR {part}")),
        ("REFUNDED_REVERSED", "true", format!("refund failed 99.99 EUR {part}")),
        ("EXPIRE", "true", format!("expire succeeded {part}")),
        ("OFFER_CLOSED", "true", format!("expire succeeded {part}")),
        ("REQUEST_FOR_INFORMATION", "true", format!("dispute requested 99.99 EUR {part} {timed}")),
        ("NOTIFICATION_OF_CHARGEBACK", "true", format!("dispute pending 99.99 EUR {part} {timed}")),
        ("CHARGEBACK", "true", format!("dispute lost 99.99 EUR {part} {timed}")),
        ("CHARGEBACK_REVERSED", "true", format!("dispute won 99.99 EUR {part} {timed}")),
        ("SECOND_CHARGEBACK", "true", format!("dispute lost 99.99 EUR {part} {timed}")),
        ("PREARBITRATION_WON", "true", format!("dispute won 99.99 EUR {part} {timed}")),
        ("PREARBITRATION_LOST", "true", format!("dispute lost 99.99 EUR {part} {timed}")),
    ] {
        check(code, success, &json!({}), &says);
    }
    for code in [
        "ORDER_OPENED",
        "ORDER_CLOSED",
        "DISPUTE_DEFENSE_PERIOD_ENDED",
        "MANUAL_REVIEW_ACCEPT",
        "MANUAL_REVIEW_REJECT",
        "REPORT_AVAILABLE",
    ] {
        check(code, "true", &json!({}), &format!("ignored: {code} says nothing about an order"));
    }
    for (action, op) in [("cancel", "void succeeded"), ("refund", "refund succeeded 99.99 EUR")] {
        let more = json!({ "additionalData": { "modification.action": action } });
        check("CANCEL_OR_REFUND", "true", &more, &format!("{op} {part}"));
    }
}

#[test]
fn a_merchant_that_captures_at_once_hears_of_it_by_the_authorisation() {
    let keys = format!("{KEYS}\nauto_capture = true");
    let told = meaning(&keys, &message(&[item("AUTHORISATION", "true", &json!({}))]));
    assert!(told.contains("| capture succeeded 99.99 EUR"), "{told}");
}

#[test]
fn amounts_are_in_the_currencys_own_minor_units() {
    for (value, currency, shown) in [
        (9999, "EUR", "99.99 EUR"),
        (500, "JPY", "500 JPY"),
        (500, "CLP", "5 CLP"),
        (500, "ISK", "5 ISK"),
        (5, "IDR", "5.00 IDR"),
        (5, "CVE", "5.00 CVE"),
    ] {
        let more = json!({ "amount": { "value": value, "currency": currency } });
        let part = "by adyen:Shop:8816 of adyen:Shop:8815";
        check("CAPTURE", "true", &more, &format!("capture succeeded {shown} {part}"));
    }
}

#[test]
fn both_the_secret_and_the_token_that_matched_are_told() {
    let adapter = source(&format!("{KEYS}\ntokens = ['ada:old', 'ada:new']"));
    let signed = adapter.sign(message(&[item("CAPTURE", "true", &json!({}))]), clock());
    let by = |credentials: &str| {
        let basic = format!("Basic {}", BASE64.encode(credentials));
        let told = Message { headers: Vec::new(), ..signed.clone() }.with("authorization", &basic);
        let verified = adapter.verify(&told.request(), clock());
        verified.map(|verified| (verified.secret, verified.token))
    };
    assert_eq!(by("ada:old"), Ok((Some(0), Some(0))));
    assert_eq!(by("ada:new"), Ok((Some(0), Some(1))));
    assert_eq!(by("ada:none"), Err(SignatureError::Mismatch));
    let alone = source(KEYS).verify(&signed.request(), clock()).unwrap();
    assert_eq!((alone.secret, alone.token), (Some(0), None));
}

#[test]
fn every_item_must_be_signed_and_each_is_an_event_that_can_be_parsed_again() {
    let adapter = source(KEYS);
    let items = [item("AUTHORISATION", "true", &json!({})), item("CAPTURE", "true", &json!({}))];
    let signed = adapter.sign(message(&items), clock());
    let verified = adapter.verify(&signed.request(), clock()).unwrap();
    assert_eq!(verified.trust, Trust::Fields);
    let events = adapter
        .parse(&signed.request(), &verified, clock())
        .unwrap();
    let keys: Vec<_> = events
        .iter()
        .map(|event| event.dedup_key.as_deref().unwrap())
        .collect();
    assert_eq!(keys, ["AUTHORISATION:8816:true", "CAPTURE:8816:true"]);
    for event in &events {
        let alone = Message::json(event.body.clone().unwrap());
        assert!(adapter.verify(&alone.request(), clock()).is_ok());
        let again = adapter.parse(&alone.request(), &verified, clock()).unwrap();
        assert_eq!(again[0].dedup_key, event.dedup_key);
        assert_eq!(again[0].effect, event.effect);
        assert_eq!(again[0].body_sha256, event.body_sha256);
    }
    let mut body: Value = serde_json::from_slice(&signed.body).unwrap();
    body["notificationItems"][1] = items[1].clone();
    let one_unsigned = Message::json(body.to_string());
    assert_eq!(adapter.verify(&one_unsigned.request(), clock()), Err(SignatureError::Missing));
    assert!(adapter.verify(&message(&[]).request(), clock()).is_err());
}

#[test]
fn the_password_is_asked_for_where_there_is_one() {
    let adapter = source(&format!("{KEYS}\ntokens = ['user:password']"));
    let unsigned = message(&[item("CAPTURE", "true", &json!({}))]);
    let signed = adapter.sign(unsigned.clone(), clock());
    assert!(adapter.verify(&signed.request(), clock()).is_ok());
    let without = source(KEYS).sign(unsigned, clock());
    assert_eq!(adapter.verify(&without.request(), clock()), Err(SignatureError::Missing));
    let wrong = without.with("authorization", "Basic dXNlcjpndWVzcw==");
    assert_eq!(adapter.verify(&wrong.request(), clock()), Err(SignatureError::Mismatch));
}

#[test]
fn the_answer_is_the_word_that_adyen_waits_for() {
    let receipt = Receipt { webhook_id: uuid::Uuid::nil(), events: &[], processing_ms: 1.0 };
    let answer = source(KEYS).accepted(&receipt);
    assert_eq!((answer.status, answer.body.as_str()), (202, "[accepted]"));
}

#[test]
fn the_other_environment_is_ignored() {
    let body =
        json!({ "live": "false", "notificationItems": [item("CAPTURE", "true", &json!({}))] });
    assert_eq!(
        meaning(KEYS, &Message::json(body.to_string())),
        " | ignored: an event of the other environment, test or live"
    );
}
