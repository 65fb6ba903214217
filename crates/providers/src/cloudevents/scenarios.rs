//! Lives of an order in `CloudEvents`: one event in headers, one structured, the rest as a batch.

use serde_json::{Value, json};
use waybill_common::domain::Status;

use crate::{Message, Order, Scenario};

pub(super) const SCENARIOS: [Scenario; 2] = [
    Scenario {
        name: "paid",
        about: "placed, pending, paid, completed",
        ends_in: Status::Completed,
        messages: |order| {
            life(
                order,
                &[
                    ("placed", "order", 4),
                    ("pending", "payment", 4),
                    ("paid", "payment", 4),
                    ("completed", "payment", 4),
                ],
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
                &[("placed", "order", 4), ("paid", "payment", 4), ("refunded", "refund", 1)],
            )
        },
    },
];

const SOURCE: &str = "https://shop.example.com/orders";

/// A status, the kind of its operation, and how many quarters of the total it moves.
fn life(order: &Order, steps: &[(&str, &str, i64)]) -> Vec<Message> {
    let events: Vec<_> = (0..)
        .zip(steps)
        .map(|(number, (status, kind, quarters))| {
            let minor =
                if *quarters == 4 { order.total.minor() } else { order.quarter() * quarters };
            let key = if *kind == "refund" { "refund_id" } else { "payment_id" };
            json!({
                "specversion": "1.0",
                "id": format!("{}-{number}", order.tagged("evt")),
                "source": SOURCE,
                "type": format!("com.example.order.{status}"),
                "time": order.at(number * 20),
                "data": {
                    "order_id": order.id,
                    (key): order.tagged(kind),
                    "amount": order.digits(minor),
                    "currency": order.total.currency(),
                },
            })
        })
        .collect();
    let (apart, batch) = events.split_at(2);
    vec![
        binary(&apart[0]),
        of_type("application/cloudevents+json", &apart[1]),
        of_type("application/cloudevents-batch+json", &Value::from(batch)),
    ]
}

fn binary(event: &Value) -> Message {
    let told = |name: &str| event[name].as_str().unwrap_or_default();
    Message::json(event["data"].to_string())
        .with("ce-specversion", told("specversion"))
        .with("ce-id", told("id"))
        .with("ce-source", told("source"))
        .with("ce-type", told("type"))
        .with("ce-time", told("time"))
}

fn of_type(media_type: &str, body: &Value) -> Message {
    Message {
        headers: vec![("content-type", media_type.to_owned())],
        body: body.to_string().into_bytes(),
    }
}
