//! What each of Mollie's events means, signed or classic.

use serde_json::{Value, json};
use waybill_common::domain::Trust;
use waybill_providers::{Message, ParseError, Request, SignatureError, Verified};

use crate::support::{clock, meaning, source};

const KEYS: &str = "provider = 'mollie'\nsecrets = ['secret']";

fn event(native_type: &str, embedded: &Value) -> Message {
    let body = json!({
        "resource": "event", "id": "event_1", "type": native_type, "entityId": "x_1",
        "createdAt": "2026-01-01T12:00:00.0Z", "_embedded": embedded,
    });
    Message::json(body.to_string())
}

fn entity(more: &Value) -> Value {
    let mut entity = json!({
        "id": "x_1", "paymentId": "tr_1", "mode": "live",
        "amount": { "currency": "EUR", "value": "99.99" },
    });
    for (key, value) in more.as_object().expect("an object") {
        entity[key] = value.clone();
    }
    json!({ "entity": entity })
}

#[test]
fn a_payment_is_what_its_status_says() {
    let by = "in all by mollie::x_1 at 1767268800000000";
    for (status, says) in [
        ("open", format!("capture pending 99.99 EUR {by}")),
        ("pending", format!("capture pending 99.99 EUR {by}")),
        ("authorized", format!("authorize succeeded 99.99 EUR {by}")),
        ("paid", format!("capture succeeded 99.99 EUR {by}")),
        ("canceled", format!("void succeeded {by}")),
        ("expired", format!("expire succeeded {by}")),
        ("failed", format!("capture failed 99.99 EUR {by}")),
    ] {
        let payment = entity(&json!({ "status": status, "metadata": { "order_id": "1001" } }));
        for action in ["paid", "authorized", "failed", "canceled", "expired", "pending"] {
            assert_eq!(
                meaning(KEYS, &event(&format!("payment.{action}"), &payment)),
                format!("order:1001 mollie.payment::x_1 | {says}")
            );
        }
    }
}

#[test]
fn refunds_chargebacks_and_captures_are_parts_of_a_payment() {
    let part = "by mollie::x_1 of mollie::tr_1";
    for (native_type, says) in [
        ("refund.queued", format!("refund pending 99.99 EUR {part}")),
        ("refund.pending", format!("refund pending 99.99 EUR {part}")),
        ("refund.processing", format!("refund pending 99.99 EUR {part}")),
        ("refund.refunded", format!("refund succeeded 99.99 EUR {part}")),
        ("refund.failed", format!("refund failed 99.99 EUR {part}")),
        ("refund.canceled", format!("refund failed 99.99 EUR {part}")),
        ("chargeback.received", format!("dispute lost 99.99 EUR {part} at 1767268800000000")),
        ("chargeback.reversed", format!("dispute won 99.99 EUR {part} at 1767268800000000")),
        ("capture.succeeded", format!("capture succeeded 99.99 EUR {part}")),
        ("capture.failed", format!("capture failed 99.99 EUR {part}")),
    ] {
        let kind = native_type.split('.').next().unwrap();
        assert_eq!(
            meaning(KEYS, &event(native_type, &entity(&json!({})))),
            format!("mollie.payment::tr_1 mollie.{kind}::x_1 | {says}")
        );
    }
    assert_eq!(
        meaning(KEYS, &event("payment-link.paid", &entity(&json!({})))),
        " | ignored: payment-link.paid says nothing about an order"
    );
    assert_eq!(
        meaning(KEYS, &event("payment.paid", &entity(&json!({ "mode": "test" })))),
        " | ignored: an event of the other mode, test or live"
    );
}

#[test]
fn an_event_without_its_object_asks_for_a_look() {
    assert_eq!(
        meaning(KEYS, &event("payment.paid", &json!(null))),
        "mollie.payment::x_1 | hint mollie::x_1 at 2026-01-01T12:00:00.000000Z"
    );
    assert_eq!(
        meaning(KEYS, &event("profile.verified", &json!(null))),
        " | ignored: profile.verified says nothing about an order"
    );
}

#[test]
fn a_request_without_signature_is_refused_and_not_taken_for_a_classic_one() {
    let unsigned = Message::json("{}");
    assert_eq!(source(KEYS).verify(&unsigned.request(), clock()), Err(SignatureError::Missing));
}

#[test]
fn a_classic_webhook_is_a_hint_from_anyone() {
    let classic = source("provider = 'mollie-classic'");
    let parse = |body: &[u8]| {
        let headers = [].into_iter().collect();
        let request = Request { headers, query: "", body };
        let verified = classic.verify(&request, clock()).unwrap();
        assert_eq!(verified, Verified::by(Trust::Unsigned, None));
        classic.parse(&request, &verified, clock())
    };
    let events = parse(b"id=tr_5B8cwPMGnU6qLbRvo7qEZo").unwrap();
    assert_eq!(events[0].order_refs[0].name, "mollie.payment::tr_5B8cwPMGnU6qLbRvo7qEZo");
    assert_eq!(events[0].dedup_key, None);
    for body in [&b""[..], b"id=", b"id=a&id=b", b"id=%00", b"{}"] {
        assert!(matches!(parse(body), Err(ParseError::Malformed(_))), "{body:?}");
    }
    let guarded = source("provider = 'mollie-classic'\ntokens = ['token']");
    let headers = [].into_iter().collect();
    let refused = guarded.verify(&Request { headers, query: "", body: b"id=tr_1" }, clock());
    assert_eq!(refused, Err(SignatureError::Missing));
}
