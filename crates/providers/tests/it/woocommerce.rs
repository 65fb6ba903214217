//! What `WooCommerce`'s orders mean, and how little its pings do.

use serde_json::{Value, json};
use waybill_common::domain::Trust;
use waybill_providers::{Message, Receipt, SignatureError};

use crate::support::{clock, meaning, source, with};

const KEYS: &str = "provider = 'woocommerce'\nsecrets = ['woo secret & <key>']";

fn order(more: &Value) -> Value {
    let order = json!({
        "id": 727, "status": "processing", "currency": "USD", "total": "99.99",
        "date_modified_gmt": "2026-01-01T12:00:00", "refunds": [],
    });
    with(order, more)
}

#[track_caller]
fn check(topic: &str, body: &Value, expected: &str) {
    let message = Message::json(body.to_string()).with("x-wc-webhook-topic", topic);
    let none = ["ignored", "unusable"]
        .iter()
        .any(|word| expected.starts_with(word));
    let expected = if none {
        format!(" | {expected}")
    } else {
        format!(
            "order:727 woocommerce.order:source:727 | woocommerce.order:source:727 {expected} \
             in book woocommerce"
        )
    };
    assert_eq!(meaning(KEYS, &message), expected, "{topic}");
}

#[test]
fn an_order_is_what_its_status_says() {
    let at = "at 1767268800000000";
    for (status, says) in [
        ("pending", "unpaid total 99.99 USD"),
        ("on-hold", "processing total 99.99 USD"),
        ("processing", "paid total 99.99 USD"),
        ("completed", "closed paid fulfilled total 99.99 USD"),
        ("cancelled", "cancelled total 99.99 USD"),
        ("refunded", "refunded total 99.99 USD"),
        ("failed", "failed total 99.99 USD"),
        ("checkout-draft", "total 99.99 USD"),
        ("a-status-of-the-merchants", "total 99.99 USD"),
    ] {
        for topic in ["order.created", "order.updated"] {
            check(topic, &order(&json!({ "status": status })), &format!("{at} {says}"));
        }
    }
}

#[test]
fn refunds_are_listed_with_negative_totals() {
    let refunds = json!({ "refunds": [{ "total": "-25.00" }, { "total": "-0.50" }] });
    check(
        "order.updated",
        &order(&refunds),
        "at 1767268800000000 paid total 99.99 USD refunded 25.50 USD",
    );
}

#[test]
fn a_deleted_order_can_come_back() {
    check("order.deleted", &json!({ "id": 727 }), "at 0 deleted true");
    check("order.updated", &order(&json!({ "status": "trash" })), "at 0 deleted true");
    check(
        "order.restored",
        &order(&json!({})),
        "at 1767268800000000 paid total 99.99 USD deleted false",
    );
    // The topic is not signed: it cannot make a deletion of an order that is there.
    check("order.deleted", &order(&json!({})), "at 1767268800000000 paid total 99.99 USD");
    check("order.updated", &json!({ "id": 727 }), "unusable: the body holds no order");
    check(
        "coupon.created",
        &json!({ "id": 727 }),
        "ignored: coupon.created says nothing about an order",
    );
}

#[test]
fn a_ping_is_answered_200_and_brings_no_event() {
    let adapter = source(KEYS);
    let ping = Message {
        headers: vec![("content-type", "application/x-www-form-urlencoded".into())],
        body: b"webhook_id=12".to_vec(),
    };
    let verified = adapter.verify(&ping.request(), clock()).unwrap();
    assert_eq!(verified.trust, Trust::Unsigned);
    assert_eq!(adapter.parse(&ping.request(), &verified, clock()).unwrap(), []);
    let receipt = Receipt { webhook_id: uuid::Uuid::nil(), events: &[], processing_ms: 1.0 };
    assert_eq!(adapter.accepted(&receipt).status, 200);
    for body in ["webhook_id=", "webhook_id=1&id=2", "webhook_id=1x", "{\"id\":727}", ""] {
        let other = Message { body: body.into(), ..ping.clone() };
        let refused = adapter.verify(&other.request(), clock());
        assert_eq!(refused, Err(SignatureError::Missing), "{body}");
    }
    assert!(!adapter.retries());
}

#[test]
fn a_secret_with_html_escapes_is_the_secret_that_was_typed() {
    let escaped = source("provider = 'woocommerce'\nsecrets = ['woo secret &amp; &lt;key&gt;']");
    let signed = source(KEYS).sign(Message::json("{}"), clock());
    assert!(escaped.verify(&signed.request(), clock()).is_ok());
}
