//! Lives of an order as WooCommerce tells them.

use serde_json::{Value, json};
use waybill_common::domain::Status;

use crate::{Message, Order, Scenario};

pub(super) const SCENARIOS: [Scenario; 5] = [
    Scenario {
        name: "completed",
        about: "pending, paid, completed",
        ends_in: Status::Completed,
        messages: |order| {
            life(
                order,
                &[
                    ("created", "pending", 0),
                    ("updated", "processing", 0),
                    ("updated", "completed", 0),
                ],
            )
        },
    },
    Scenario {
        name: "partial-refund",
        about: "a quarter is refunded, which changes no status",
        ends_in: Status::PartiallyRefunded,
        messages: |order| {
            life(
                order,
                &[
                    ("created", "pending", 0),
                    ("updated", "processing", 0),
                    ("updated", "processing", 1),
                ],
            )
        },
    },
    Scenario {
        name: "refund",
        about: "everything is refunded",
        ends_in: Status::Refunded,
        messages: |order| life(order, &[("created", "processing", 0), ("updated", "refunded", 4)]),
    },
    Scenario {
        name: "cancelled",
        about: "never paid, cancelled",
        ends_in: Status::Cancelled,
        messages: |order| life(order, &[("created", "pending", 0), ("updated", "cancelled", 0)]),
    },
    Scenario {
        name: "back-by-hand",
        about: "completed, then put back to processing by the merchant",
        ends_in: Status::Completed,
        messages: |order| {
            life(
                order,
                &[
                    ("created", "pending", 0),
                    ("updated", "completed", 0),
                    ("updated", "processing", 0),
                ],
            )
        },
    },
];

/// What happened, the status then, and how many quarters were refunded by then.
type Step = (&'static str, &'static str, i64);

fn life(order: &Order, steps: &[Step]) -> Vec<Message> {
    (0..)
        .step_by(20)
        .zip(steps)
        .map(|(second, step)| message(order, second, *step))
        .collect()
}

fn message(order: &Order, second: i64, (action, status, quarters): Step) -> Message {
    let gmt = order.at(second).to_string();
    let back = if quarters == 4 { order.total.minor() } else { order.quarter() * quarters };
    let refund = json!({ "id": 1, "reason": "", "total": format!("-{}", order.digits(back)) });
    let body = json!({
        "id": order.number(),
        "number": order.id,
        "order_key": order.tagged("wc_order"),
        "status": status,
        "currency": order.total.currency(),
        "total": order.digits(order.total.minor()),
        "date_modified_gmt": gmt.split('.').next(),
        "refunds": if quarters == 0 { Value::Array(Vec::new()) } else { json!([refund]) },
    });
    Message::json(body.to_string()).with("x-wc-webhook-topic", format!("order.{action}"))
}
