//! Lives of an order in Standard Webhooks, with types that need no configuration.

use serde_json::json;
use waybill_common::domain::Status;

use crate::{Message, Order, Scenario};

pub(super) const SCENARIOS: [Scenario; 3] = [
    Scenario {
        name: "paid",
        about: "placed, pending, paid",
        ends_in: Status::Paid,
        messages: |order| {
            life(
                order,
                &[("placed", "order", 4), ("pending", "payment", 4), ("paid", "payment", 4)],
            )
        },
    },
    Scenario {
        name: "partial-refund",
        about: "paid, a quarter refunded",
        ends_in: Status::PartiallyRefunded,
        messages: |order| {
            life(
                order,
                &[
                    ("placed", "order", 4),
                    ("paid", "payment", 4),
                    ("partially_refunded", "refund", 1),
                ],
            )
        },
    },
    Scenario {
        name: "refund-fails",
        about: "a refund is told and fails afterwards: the order stays paid",
        ends_in: Status::Paid,
        messages: |order| {
            life(
                order,
                &[
                    ("placed", "order", 4),
                    ("paid", "payment", 4),
                    ("refunded", "refund", 4),
                    ("refund_failed", "refund", 4),
                ],
            )
        },
    },
];

/// A status, the kind of its operation, and how many quarters of the total it moves.
fn life(order: &Order, steps: &[(&str, &str, i64)]) -> Vec<Message> {
    (0..)
        .zip(steps)
        .map(|(number, (status, kind, quarters))| {
            let minor =
                if *quarters == 4 { order.total.minor() } else { order.quarter() * quarters };
            let key = if *kind == "refund" { "refund_id" } else { "payment_id" };
            let body = json!({
                "type": format!("order.{status}"),
                "timestamp": order.at(number * 20),
                "data": {
                    "order_id": order.id,
                    (key): order.tagged(kind),
                    "amount": minor,
                    "currency": order.total.currency(),
                },
            });
            Message::json(body.to_string())
                .with("webhook-id", format!("{}_{number}", order.tagged("msg")))
        })
        .collect()
}
