//! What each of `PayPal`'s events means, and how far its signature is believed.

use serde_json::{Value, json};
use waybill_common::domain::{Timestamp, Trust};
use waybill_providers::{Message, SignatureError};

use crate::support::{CLOCK, clock, meaning, paypal_keys, source};

fn message(event_type: &str, resource: &Value) -> Message {
    let body = json!({
        "id": "WH-1", "event_type": event_type, "create_time": "2026-01-01T12:00:00.000Z",
        "resource": resource,
    });
    Message::json(body.to_string())
}

#[track_caller]
fn check(event_type: &str, resource: &Value, expected: &str) {
    assert_eq!(meaning(&paypal_keys(), &message(event_type, resource)), expected, "{event_type}");
}

fn money(value: &str) -> Value {
    json!({ "currency_code": "USD", "value": value })
}

#[test]
fn a_payment_goes_from_its_approval_to_its_capture() {
    let order = json!({
        "id": "O1", "purchase_units": [{ "custom_id": "1001", "invoice_id": "INV-1",
            "payments": { "captures": [{ "id": "C1", "status": "COMPLETED", "amount": money("99.99") }] } }],
    });
    let refs = "order:1001 paypal.order::O1 paypal.invoice::INV-1";
    let placed = "place succeeded by paypal::O1";
    check(
        "CHECKOUT.ORDER.APPROVED",
        &order,
        &format!("{refs} | {placed}; capture requested by paypal::O1#attempt of paypal::O1"),
    );
    check(
        "CHECKOUT.ORDER.COMPLETED",
        &order,
        &format!("{refs} | {placed}; capture succeeded 99.99 USD by paypal::C1"),
    );
    check("CHECKOUT.ORDER.PROCESSED", &order, &format!("{refs} | {placed}"));
    check("CHECKOUT.ORDER.VOIDED", &order, &format!("{refs} | void succeeded by paypal::O1"));
    check(
        "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
        &json!({ "order_id": "O1" }),
        "paypal.order::O1 | expire succeeded by paypal::O1",
    );
    let authorization = json!({ "id": "A1", "custom_id": "1001", "amount": money("99.99") });
    let refs = "order:1001 paypal.authorization::A1";
    check(
        "PAYMENT.AUTHORIZATION.CREATED",
        &authorization,
        &format!("{refs} | authorize succeeded 99.99 USD by paypal::A1"),
    );
    check(
        "PAYMENT.AUTHORIZATION.VOIDED",
        &authorization,
        &format!("{refs} | void succeeded by paypal::A1"),
    );
    let capture = json!({
        "id": "C1", "custom_id": "1001", "amount": money("99.99"),
        "supplementary_data": { "related_ids": { "order_id": "O1", "authorization_id": "A1" } },
    });
    let refs = "order:1001 paypal.order::O1 paypal.authorization::A1 paypal.capture::C1";
    for (action, outcome) in [
        ("PENDING", "pending"),
        ("COMPLETED", "succeeded"),
        ("DECLINED", "failed"),
        ("DENIED", "failed"),
    ] {
        check(
            &format!("PAYMENT.CAPTURE.{action}"),
            &capture,
            &format!("{refs} | capture {outcome} 99.99 USD by paypal::C1 of paypal::A1"),
        );
    }
}

#[test]
fn money_that_goes_back_belongs_to_its_capture() {
    let back = |status: &str| {
        json!({
            "id": "R1", "status": status, "amount": money("25.00"),
            "links": [
                { "rel": "self", "href": "https://api.paypal.com/v2/payments/refunds/R1" },
                { "rel": "up", "href": "https://api.paypal.com/v2/payments/captures/C1" },
            ],
        })
    };
    for (event_type, status, outcome) in [
        ("PAYMENT.CAPTURE.REFUNDED", "COMPLETED", "succeeded"),
        ("PAYMENT.CAPTURE.REFUNDED", "PENDING", "pending"),
        ("PAYMENT.REFUND.FAILED", "FAILED", "failed"),
        ("PAYMENT.REFUND.PENDING", "PENDING", "pending"),
    ] {
        check(
            event_type,
            &back(status),
            &format!("paypal.capture::C1 | refund {outcome} 25.00 USD by paypal::R1 of paypal::C1"),
        );
    }
    check(
        "PAYMENT.CAPTURE.REVERSED",
        &back("COMPLETED"),
        "paypal.capture::C1 | dispute lost 25.00 USD in all by paypal::C1#reversal of paypal::C1",
    );
    let sale =
        json!({ "id": "R1", "sale_id": "S1", "amount": { "total": "25.00", "currency": "USD" } });
    check(
        "PAYMENT.SALE.REFUNDED",
        &sale,
        "paypal.capture::S1 | refund succeeded 25.00 USD by paypal::R1 of paypal::S1",
    );
}

#[test]
fn a_dispute_is_what_its_status_and_its_outcome_say() {
    for (status, stage, outcome, says) in [
        ("OPEN", "INQUIRY", None, "requested"),
        ("OPEN", "CHARGEBACK", None, "pending"),
        ("UNDER_REVIEW", "CHARGEBACK", None, "pending"),
        ("RESOLVED", "CHARGEBACK", Some("RESOLVED_BUYER_FAVOUR"), "lost"),
        ("RESOLVED", "CHARGEBACK", Some("ACCEPTED"), "lost"),
        ("RESOLVED", "CHARGEBACK", Some("RESOLVED_SELLER_FAVOUR"), "won"),
        ("RESOLVED", "CHARGEBACK", Some("CANCELED_BY_BUYER"), "won"),
        ("RESOLVED", "CHARGEBACK", Some("RESOLVED_WITH_PAYOUT"), "won"),
    ] {
        let dispute = json!({
            "dispute_id": "PP-1", "status": status, "dispute_life_cycle_stage": stage,
            "dispute_outcome": { "outcome_code": outcome }, "dispute_amount": money("99.99"),
            "disputed_transactions": [{ "seller_transaction_id": "C1" }],
            "update_time": "2026-01-01T12:00:00.000Z",
        });
        for action in ["CREATED", "UPDATED", "RESOLVED"] {
            check(
                &format!("CUSTOMER.DISPUTE.{action}"),
                &dispute,
                &format!(
                    "paypal.capture::C1 | dispute {says} 99.99 USD by paypal::PP-1 of paypal::C1 \
                     at 1767268800000000"
                ),
            );
        }
    }
    check(
        "BILLING.PLAN.CREATED",
        &json!({ "id": "P-1" }),
        " | ignored: BILLING.PLAN.CREATED says nothing about an order",
    );
}

#[test]
fn a_transmission_is_believed_as_a_checksum_and_within_its_time() {
    let adapter = source(&paypal_keys());
    let signed = adapter.sign(Message::json("{\"amount\":\"99.99\"}"), clock());
    let at = |seconds: i64| {
        adapter.verify(&signed.request(), Timestamp::from_seconds(CLOCK + seconds).unwrap())
    };
    let verified = at(0).unwrap();
    assert_eq!(verified.trust, Trust::Checksum);
    assert!(verified.transmission.is_some());
    assert!(at(80 * 3600).is_ok());
    assert_eq!(at(80 * 3600 + 1), Err(SignatureError::TooOld));
    assert_eq!(at(-301), Err(SignatureError::TooOld));
    let other = Message { body: b"{\"amount\":\"99.98\"}".to_vec(), ..signed.clone() };
    assert_eq!(adapter.verify(&other.request(), clock()), Err(SignatureError::Mismatch));
}

#[test]
fn a_certificate_is_asked_for_at_paypals_own_hosts_only() {
    let root = serde_json::from_str::<Value>(include_str!("../vectors/paypal.json")).unwrap();
    let root = root["vectors"][0]["root_pem"].as_str().unwrap();
    let adapter =
        source(&format!("provider = 'paypal'\nwebhook_id = 'WH-1'\nsecrets = ['''{root}''']"));
    let wants = |address: &str| {
        let mut signed = source(&paypal_keys()).sign(Message::json("{}"), clock());
        for (name, value) in &mut signed.headers {
            if *name == "paypal-cert-url" {
                address.clone_into(value);
            }
        }
        adapter.wants(&signed.request(), clock())
    };
    let good = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-aa";
    assert_eq!(wants(good), Some(good.to_owned()));
    for bad in [
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.example.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com@example.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
        "https://API.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/../../x",
        "https://api.paypal.com/v1/notifications/certs/a?b=c",
        "https://api.paypal.com/v1/notifications/certs/",
        "https://169.254.169.254/v1/notifications/certs/CERT-1",
        "",
    ] {
        assert_eq!(wants(bad), None, "{bad}");
        assert!(adapter.learn(bad, root.as_bytes(), clock()).is_err());
    }
    // The root itself is no certificate of PayPal's.
    assert_eq!(adapter.learn(good, root.as_bytes(), clock()), Err(SignatureError::Mismatch));
    assert_eq!(adapter.learn(good, b"no certificate", clock()), Err(SignatureError::Malformed));
}
