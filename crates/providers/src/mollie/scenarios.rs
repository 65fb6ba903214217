//! Lives of an order as Mollie tells them. Refunds and chargebacks name only their payment, as in reality.

use serde_json::{Value, json};
use waybill_common::domain::Status;

use crate::{Message, Order, Scenario};

pub(super) const SCENARIOS: [Scenario; 6] = [
    Scenario {
        name: "partial-refund",
        about: "pending, paid, a quarter refunded",
        ends_in: Status::PartiallyRefunded,
        messages: |order| {
            life(order, &["payment.pending", "payment.paid", "refund.pending", "refund.refunded"])
        },
    },
    Scenario {
        name: "authorize-capture",
        about: "authorised, captured, paid",
        ends_in: Status::Paid,
        messages: |order| life(order, &["payment.authorized", "capture.succeeded", "payment.paid"]),
    },
    Scenario {
        name: "refund-fails",
        about: "a refund is processed and fails: the order stays paid",
        ends_in: Status::Paid,
        messages: |order| {
            life(order, &["payment.paid", "refund.pending", "refund.refunded", "refund.failed"])
        },
    },
    Scenario {
        name: "chargeback",
        about: "the customer takes the money back",
        ends_in: Status::ChargedBack,
        messages: |order| life(order, &["payment.paid", "chargeback.received"]),
    },
    Scenario {
        name: "chargeback-reversed",
        about: "the customer takes the money back and must return it",
        ends_in: Status::Paid,
        messages: |order| {
            life(order, &["payment.paid", "chargeback.received", "chargeback.reversed"])
        },
    },
    Scenario {
        name: "expired",
        about: "the customer never pays",
        ends_in: Status::Expired,
        messages: |order| life(order, &["payment.pending", "payment.expired"]),
    },
];

fn life(order: &Order, types: &[&str]) -> Vec<Message> {
    (0..)
        .zip(types)
        .map(|(number, native_type)| {
            let body = json!({
                "resource": "event",
                "id": format!("{}_{number}", order.tagged("event")),
                "type": native_type,
                "createdAt": order.at(number * 20),
                "_embedded": { "entity": entity(order, native_type) },
            });
            Message::json(body.to_string())
        })
        .collect()
}

fn entity(order: &Order, native_type: &str) -> Value {
    let (kind, status) = native_type.split_once('.').unwrap_or_default();
    let payment = kind == "payment";
    let named = payment || order.named_throughout;
    let whole = payment || kind == "capture" || kind == "chargeback";
    let minor = if whole { order.total.minor() } else { order.quarter() };
    json!({
        "resource": kind,
        "id": order.tagged(kind),
        "paymentId": (!payment).then(|| order.tagged("payment")),
        "mode": if order.live { "live" } else { "test" },
        "status": status,
        "amount": { "currency": order.total.currency(), "value": order.digits(minor) },
        "metadata": if named { json!({ "order_id": order.id }) } else { Value::Null },
    })
}
