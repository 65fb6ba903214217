//! Lives of an order in the native format.

use serde_json::json;
use waybill_common::domain::Status;

use crate::{Message, Order, Scenario};

pub(super) const SCENARIOS: [Scenario; 12] = [
    Scenario {
        name: "paid",
        about: "placed, pending, paid",
        ends_in: Status::Paid,
        messages: |order| life(order, &[PLACED, PENDING, PAID]),
    },
    Scenario {
        name: "authorized",
        about: "authorised, then captured",
        ends_in: Status::Paid,
        messages: |order| life(order, &[PLACED, ("authorized", "auth", Share::All), PAID]),
    },
    Scenario {
        name: "retried",
        about: "a first transaction fails, a second one is paid",
        ends_in: Status::Paid,
        messages: |order| life(order, &[PLACED, ("failed", "first", Share::All), PENDING, PAID]),
    },
    Scenario {
        name: "partial-refund",
        about: "paid, then a quarter is refunded",
        ends_in: Status::PartiallyRefunded,
        messages: |order| {
            life(order, &[PLACED, PAID, ("partially_refunded", "refund", Share::Quarter)])
        },
    },
    Scenario {
        name: "refund",
        about: "paid, then all of it is refunded",
        ends_in: Status::Refunded,
        messages: |order| life(order, &[PLACED, PAID, ("refunded", "refund", Share::All)]),
    },
    Scenario {
        name: "refund-fails",
        about: "a refund is told and fails afterwards: the order stays paid",
        ends_in: Status::Paid,
        messages: |order| {
            life(
                order,
                &[
                    PLACED,
                    PAID,
                    ("partially_refunded", "refund", Share::Quarter),
                    ("refund_failed", "refund", Share::Quarter),
                ],
            )
        },
    },
    Scenario {
        name: "dispute-won",
        about: "the customer disputes the payment and loses",
        ends_in: Status::Paid,
        messages: |order| {
            life(order, &[PLACED, PAID, DISPUTED, ("dispute_won", "dispute", Share::All)])
        },
    },
    Scenario {
        name: "dispute-lost",
        about: "the customer disputes the payment and wins",
        ends_in: Status::ChargedBack,
        messages: |order| {
            life(order, &[PLACED, PAID, DISPUTED, ("charged_back", "dispute", Share::All)])
        },
    },
    Scenario {
        name: "cancelled",
        about: "authorised, then cancelled before any money moved",
        ends_in: Status::Cancelled,
        messages: |order| {
            life(
                order,
                &[PLACED, ("authorized", "auth", Share::All), ("cancelled", "cancel", Share::All)],
            )
        },
    },
    Scenario {
        name: "expired",
        about: "placed and never paid",
        ends_in: Status::Expired,
        messages: |order| life(order, &[PLACED, PENDING, ("expired", "expiry", Share::All)]),
    },
    Scenario {
        name: "shipped",
        about: "paid, shipped, delivered, completed",
        ends_in: Status::Completed,
        messages: |order| {
            life(
                order,
                &[
                    PLACED,
                    PAID,
                    ("shipped", "parcel", Share::All),
                    ("delivered", "parcel", Share::All),
                    ("completed", "txn", Share::All),
                ],
            )
        },
    },
    Scenario {
        name: "two-payments",
        about: "a quarter is paid first, the rest later",
        ends_in: Status::Paid,
        messages: |order| {
            life(
                order,
                &[
                    PLACED,
                    ("partially_paid", "first", Share::Quarter),
                    ("partially_paid", "second", Share::Rest),
                ],
            )
        },
    },
];

/// A status, the kind of its transaction, and how much of the total it moves.
type Step = (&'static str, &'static str, Share);

const PLACED: Step = ("placed", "order", Share::All);
const PENDING: Step = ("pending", "txn", Share::All);
const PAID: Step = ("paid", "txn", Share::All);
const DISPUTED: Step = ("disputed", "dispute", Share::All);

#[derive(Clone, Copy)]
enum Share {
    All,
    Quarter,
    /// What a quarter leaves.
    Rest,
}

/// The steps, a minute apart.
fn life(order: &Order, steps: &[Step]) -> Vec<Message> {
    (0..)
        .step_by(60)
        .zip(steps)
        .map(|(second, step)| message(order, second, *step))
        .collect()
}

fn message(order: &Order, second: i64, (status, kind, share): Step) -> Message {
    let total = order.total.minor();
    let minor = match share {
        Share::All => total,
        Share::Quarter => order.quarter(),
        Share::Rest => total - order.quarter(),
    };
    let body = json!({
        "order_uuid": order.id,
        "txn_id": order.tagged(kind),
        "status": status,
        "amount": order.digits(minor),
        "timestamp": order.at(second),
        "webhook_source": "payment_gateway",
        "correlation_id": order.tagged("corr"),
        "metadata": { "currency": order.total.currency(), "payment_method": "credit_card" },
    });
    Message::json(body.to_string())
}
