//! What each of Shopify's topics means.

use serde_json::{Value, json};
use waybill_providers::Message;

use crate::support::{meaning, with};

const KEYS: &str = "provider = 'shopify'\nsecrets = ['secret']";
const ORDER: &str = "order:1001 shopify.order::1001";

fn message(topic: &str, body: &Value) -> Message {
    Message::json(body.to_string())
        .with("x-shopify-topic", topic)
        .with("x-shopify-webhook-id", "wh-1")
}

#[track_caller]
fn check(topic: &str, body: &Value, expected: &str) {
    let expected = format!("{ORDER} | {expected} in book shopify");
    assert_eq!(meaning(KEYS, &message(topic, body)), expected, "{topic}");
}

#[track_caller]
fn check_nothing(topic: &str, body: &Value, expected: &str) {
    assert_eq!(meaning(KEYS, &message(topic, body)), format!(" | {expected}"), "{topic}");
}

fn order(more: &Value) -> Value {
    let order = json!({
        "id": 1001, "updated_at": "2026-01-01T07:00:00-05:00", "currency": "USD",
        "total_price": "99.99", "financial_status": "paid", "fulfillment_status": null,
        "cancelled_at": null, "closed_at": null, "refunds": [],
    });
    with(order, more)
}

#[test]
fn an_order_is_what_its_fields_say_whatever_the_topic() {
    let at = "shopify.order::1001 at 1767268800000000";
    for (status, word) in [
        ("pending", "unpaid"),
        ("authorized", "authorized"),
        ("partially_paid", "partially_paid"),
        ("paid", "paid"),
        ("partially_refunded", "partially_refunded"),
        ("refunded", "refunded"),
        ("voided", "voided"),
        ("expired", "voided"),
    ] {
        for topic in ["create", "updated", "paid", "fulfilled", "partially_fulfilled", "cancelled"]
        {
            let body = order(&json!({ "financial_status": status }));
            check(&format!("orders/{topic}"), &body, &format!("{at} {word} total 99.99 USD"));
        }
    }
    for (status, word) in
        [("partial", "partial"), ("fulfilled", "fulfilled"), ("restocked", "returned")]
    {
        let body = order(&json!({ "fulfillment_status": status }));
        check("orders/updated", &body, &format!("{at} paid {word} total 99.99 USD"));
    }
    let closed = order(&json!({ "closed_at": "2026-01-01T12:00:00Z" }));
    check("orders/updated", &closed, &format!("{at} closed paid total 99.99 USD"));
    let cancelled = with(closed, &json!({ "cancelled_at": "2026-01-01T12:00:00Z" }));
    check("orders/updated", &cancelled, &format!("{at} cancelled paid total 99.99 USD"));
}

#[test]
fn an_order_lists_what_was_refunded() {
    let transaction = |kind: &str, status: &str, amount: &str| json!({ "kind": kind, "status": status, "amount": amount, "currency": "USD" });
    let body = order(&json!({ "refunds": [
        { "transactions": [transaction("refund", "success", "10.00"), transaction("refund", "failure", "5")] },
        { "transactions": [transaction("refund", "success", "2.5"), transaction("void", "success", "7")] },
        { "transactions": [] },
    ]}));
    check(
        "orders/updated",
        &body,
        "shopify.order::1001 at 1767268800000000 paid total 99.99 USD refunded 12.50 USD",
    );
}

#[test]
fn a_transaction_is_one_operation_of_the_payment_that_it_builds_on() {
    let transaction = |kind: &str, status: &str, parent: Value| {
        json!({
            "id": 820_982_911_946_154_508_u64, "order_id": 1001, "kind": kind, "status": status,
            "amount": "99.99", "currency": "USD", "parent_id": parent,
        })
    };
    let id = "by shopify::820982911946154508";
    for (kind, status, parent, says) in [
        ("authorization", "success", json!(null), format!("authorize succeeded 99.99 USD {id}")),
        ("sale", "success", json!(null), format!("capture succeeded 99.99 USD {id}")),
        ("sale", "pending", json!(null), format!("capture pending 99.99 USD {id}")),
        ("capture", "success", json!(7), format!("capture succeeded 99.99 USD {id} of shopify::7")),
        ("capture", "failure", json!(7), format!("capture failed 99.99 USD {id} of shopify::7")),
        ("void", "success", json!(7), format!("void succeeded 99.99 USD {id} of shopify::7")),
        ("refund", "success", json!(8), format!("refund succeeded 99.99 USD {id} of shopify::8")),
        ("refund", "error", json!(8), format!("refund failed 99.99 USD {id} of shopify::8")),
    ] {
        check("order_transactions/create", &transaction(kind, status, parent), &says);
    }
    let refund = json!({
        "id": 5, "order_id": 1001,
        "transactions": [transaction("refund", "success", json!(8)), transaction("refund", "pending", json!(8))],
    });
    check("refunds/create", &refund, &format!("refund succeeded 99.99 USD {id} of shopify::8"));
    let nothing = json!({ "id": 5, "order_id": 1001, "transactions": [] });
    check_nothing("refunds/create", &nothing, "ignored: a refund that moved no money");
    let other = transaction("emv_authorization", "success", json!(null));
    check_nothing(
        "order_transactions/create",
        &other,
        "ignored: a transaction of another kind moves no money",
    );
}

#[test]
fn parcels_and_disputes_are_operations_too() {
    let parcel = |status: &str, shipment: &str| json!({ "id": 9, "order_id": 1001, "status": status, "shipment_status": shipment });
    let fulfil = "by shopify::9 alone";
    check("fulfillments/create", &parcel("success", ""), &format!("fulfil succeeded {fulfil}"));
    check("fulfillments/update", &parcel("cancelled", ""), &format!("fulfil failed {fulfil}"));
    check("fulfillments/update", &parcel("open", ""), &format!("fulfil pending {fulfil}"));
    check(
        "fulfillments/update",
        &parcel("success", "delivered"),
        &format!("fulfil succeeded {fulfil} in book shopify; deliver succeeded {fulfil}"),
    );
    for (kind, status, outcome) in [
        ("inquiry", "needs_response", "requested"),
        ("chargeback", "needs_response", "pending"),
        ("chargeback", "under_review", "pending"),
        ("chargeback", "charge_refunded", "won"),
        ("chargeback", "accepted", "lost"),
        ("chargeback", "won", "won"),
        ("chargeback", "lost", "lost"),
    ] {
        let dispute = json!({
            "id": 3, "order_id": 1001, "type": kind, "status": status, "amount": "99.99",
            "currency": "USD", "initiated_at": "2026-01-01T12:00:00Z", "finalized_on": null,
        });
        check(
            "disputes/update",
            &dispute,
            &format!("dispute {outcome} 99.99 USD by shopify::3 alone at 1767268800000000"),
        );
    }
}

#[test]
fn a_deletion_is_an_id_alone_and_no_header_makes_one_of_an_order() {
    check("orders/delete", &json!({ "id": 1001 }), "shopify.order::1001 at 0 deleted true");
    check_nothing(
        "orders/delete",
        &order(&json!({})),
        "unusable: a deleted order has nothing but an id",
    );
    check_nothing(
        "orders/edited",
        &json!({ "order_edit": { "order_id": 1001 } }),
        "ignored: an edit is told by the update that follows it",
    );
    check_nothing(
        "products/update",
        &json!({ "id": 1001 }),
        "ignored: products/update says nothing about an order",
    );
}

#[test]
fn another_field_can_name_the_merchants_order() {
    let keys = format!("{KEYS}\norder_ref = '/name'");
    let named = message("orders/paid", &order(&json!({ "name": "#1001" })));
    assert!(meaning(&keys, &named).starts_with("order:#1001 shopify.order::1001 | "));
    let refund = json!({ "id": 5, "order_id": 1001, "transactions": [] });
    let unnamed = meaning(&keys, &message("refunds/create", &refund));
    assert!(unnamed.starts_with(" | ignored"), "{unnamed}");
    let events = Message::json(order(&json!({})).to_string())
        .with("shopify-topic", "orders/paid")
        .with("shopify-webhook-id", "wh-1");
    assert!(meaning(KEYS, &events).starts_with(ORDER));
}
