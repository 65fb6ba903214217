//! Lives of an order as a sender of GitHub's kind tells them: one delivery per event, never repeated.

use serde_json::json;
use waybill_common::domain::Status;

use crate::{Message, Order, Scenario};

pub(super) const SCENARIOS: [Scenario; 4] = [
    Scenario {
        name: "paid",
        about: "placed, pending, paid",
        ends_in: Status::Paid,
        messages: |order| life(order, &[PLACED, ("pending", "payment", 4), PAID]),
    },
    Scenario {
        name: "partial-refund",
        about: "paid, a quarter refunded",
        ends_in: Status::PartiallyRefunded,
        messages: |order| life(order, &[PLACED, PAID, ("partially_refunded", "refund", 1)]),
    },
    Scenario {
        name: "dispute-lost",
        about: "the customer disputes the payment and wins",
        ends_in: Status::ChargedBack,
        messages: |order| {
            life(order, &[PLACED, PAID, ("disputed", "dispute", 4), ("charged_back", "dispute", 4)])
        },
    },
    Scenario {
        name: "cancelled",
        about: "authorised, then cancelled before any money moved",
        ends_in: Status::Cancelled,
        messages: |order| {
            life(order, &[PLACED, ("authorized", "payment", 4), ("cancelled", "payment", 4)])
        },
    },
];

/// A status, the kind of its operation, and how many quarters of the total it moves.
type Step = (&'static str, &'static str, i64);

const PLACED: Step = ("placed", "order", 4);
const PAID: Step = ("paid", "payment", 4);

fn life(order: &Order, steps: &[Step]) -> Vec<Message> {
    (0..)
        .zip(steps)
        .map(|(number, (status, kind, quarters))| {
            let minor =
                if *quarters == 4 { order.total.minor() } else { order.quarter() * quarters };
            let body = json!({
                "action": status,
                "order": {
                    "id": order.id,
                    "total": order.digits(minor),
                    "currency": order.total.currency(),
                    "updated_at": order.at(number * 20),
                },
                "payment": { "id": order.tagged(kind) },
            });
            Message::json(body.to_string())
                .with("x-github-event", "order")
                .with("x-github-delivery", format!("{}-{number}", order.tagged("delivery")))
        })
        .collect()
}
