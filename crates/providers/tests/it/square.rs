//! What each of Square's events means.

use serde_json::{Value, json};
use waybill_providers::Message;

use crate::support::{clock, meaning, source};

const KEYS: &str = "provider = 'square'\nsecrets = ['key']\nurl = 'https://example.com/square'";

fn message(native_type: &str, kind: &str, object: Value) -> Message {
    let body = json!({
        "merchant_id": "M1", "type": native_type, "event_id": "e-1",
        "created_at": "2026-01-01T12:00:01.000Z", "data": { "object": { (kind): object } },
    });
    Message::json(body.to_string())
}

#[track_caller]
fn check(native_type: &str, kind: &str, object: Value, expected: &str) {
    assert_eq!(meaning(KEYS, &message(native_type, kind, object)), expected, "{native_type}");
}

#[test]
fn a_payment_is_what_its_status_says() {
    let refs = "order:O1 square.order:M1:O1 square.payment:M1:P1 square.reference:M1:R 1";
    let by = "by square:M1:P1 at 1767268800000000";
    for (status, says) in [
        ("PENDING", format!("capture pending 99.99 USD {by}")),
        ("APPROVED", format!("authorize succeeded 99.99 USD {by}")),
        ("COMPLETED", format!("capture succeeded 99.99 USD {by}")),
        ("CANCELED", format!("void succeeded {by}")),
        ("FAILED", format!("capture failed 99.99 USD {by}")),
    ] {
        let payment = json!({
            "id": "P1", "order_id": "O1", "reference_id": "R 1", "status": status,
            "amount_money": { "amount": 9999, "currency": "USD" },
            "updated_at": "2026-01-01T12:00:00.000Z",
        });
        check("payment.updated", "payment", payment, &format!("{refs} | {says}"));
    }
    let refunded = json!({
        "id": "P1", "order_id": "O1", "status": "COMPLETED",
        "total_money": { "amount": 9999, "currency": "USD" },
        "refunded_money": { "amount": 2500, "currency": "USD" },
        "updated_at": "2026-01-01T12:00:00.000Z",
    });
    check(
        "payment.updated",
        "payment",
        refunded,
        &format!(
            "order:O1 square.order:M1:O1 square.payment:M1:P1 | capture succeeded 99.99 USD {by}; \
             refund succeeded 25.00 USD in all {by}"
        ),
    );
}

#[test]
fn refunds_and_disputes_belong_to_their_payment() {
    for (status, outcome) in [
        ("PENDING", "pending"),
        ("COMPLETED", "succeeded"),
        ("REJECTED", "failed"),
        ("FAILED", "failed"),
    ] {
        let refund = json!({
            "id": "F1", "payment_id": "P1", "order_id": "O1", "status": status,
            "amount_money": { "amount": 2500, "currency": "USD" },
            "updated_at": "2026-01-01T12:00:00Z",
        });
        check(
            "refund.updated",
            "refund",
            refund,
            &format!(
                "order:O1 square.order:M1:O1 square.payment:M1:P1 | refund {outcome} 25.00 USD \
                 by square:M1:F1 of square:M1:P1 at 1767268800000000"
            ),
        );
    }
    for (state, outcome) in [
        ("INQUIRY_EVIDENCE_REQUIRED", "requested"),
        ("INQUIRY_PROCESSING", "requested"),
        ("INQUIRY_CLOSED", "won"),
        ("EVIDENCE_REQUIRED", "pending"),
        ("PROCESSING", "pending"),
        ("WON", "won"),
        ("LOST", "lost"),
        ("ACCEPTED", "lost"),
    ] {
        for native_type in ["dispute.created", "dispute.state.updated"] {
            let dispute = json!({
                "dispute_id": "D1", "state": state, "disputed_payment": { "payment_id": "P1" },
                "amount_money": { "amount": 9999, "currency": "USD" },
                "updated_at": "2026-01-01T12:00:00Z",
            });
            check(
                native_type,
                "dispute",
                dispute,
                &format!(
                    "square.payment:M1:P1 | dispute {outcome} 99.99 USD by square:M1:D1 \
                     of square:M1:P1 at 1767268800000000"
                ),
            );
        }
    }
}

#[test]
fn an_order_comes_thin_with_its_version() {
    let order = |state: &str| json!({ "order_id": "O1", "version": 4, "state": state });
    let refs = "order:O1 square.order:M1:O1 | square.order:M1:O1 at 4";
    check(
        "order.updated",
        "order_updated",
        order("COMPLETED"),
        &format!("{refs} closed in book payments"),
    );
    check(
        "order.updated",
        "order_updated",
        order("CANCELED"),
        &format!("{refs} cancelled in book payments"),
    );
    check(
        "order.created",
        "order_created",
        order("OPEN"),
        " | ignored: an open order says nothing yet",
    );
    let parcel = json!({
        "order_id": "O1", "updated_at": "2026-01-01T12:00:00Z",
        "fulfillment_update": [{ "fulfillment_uid": "f1", "new_state": "COMPLETED" }],
    });
    check(
        "order.fulfillment.updated",
        "order_fulfillment_updated",
        parcel,
        "order:O1 square.order:M1:O1 | fulfil succeeded by square:M1:f1 alone at 1767268800000000",
    );
    check(
        "invoice.payment_made",
        "invoice",
        json!({}),
        " | ignored: invoice.payment_made says nothing about an order",
    );
}

#[test]
fn the_url_is_signed_too() {
    let signed = source(KEYS).sign(Message::json("{}"), clock());
    let elsewhere = KEYS.replace("/square'", "/square/'");
    assert!(source(KEYS).verify(&signed.request(), clock()).is_ok());
    assert!(
        source(&elsewhere)
            .verify(&signed.request(), clock())
            .is_err()
    );
}
