//! Lives of an order as Lightspeed eCom tells them.

use serde_json::json;
use waybill_common::domain::Status;

use crate::{Message, Order, Scenario};

pub(super) const SCENARIOS: [Scenario; 3] = [
    Scenario {
        name: "shipped",
        about: "created, paid, shipped, completed",
        ends_in: Status::Completed,
        messages: |order| {
            life(
                order,
                &[
                    ["created", "processing_awaiting_payment", "not_paid", "not_shipped"],
                    ["paid", "processing_awaiting_shipment", "paid", "not_shipped"],
                    ["shipped", "completed_shipped", "paid", "shipped"],
                ],
            )
        },
    },
    Scenario {
        name: "paid",
        about: "created and paid in two parts",
        ends_in: Status::Paid,
        messages: |order| {
            life(
                order,
                &[
                    ["created", "new", "not_paid", "not_shipped"],
                    ["updated", "processing", "partially_paid", "not_shipped"],
                    ["paid", "processing_awaiting_shipment", "paid", "not_shipped"],
                ],
            )
        },
    },
    Scenario {
        name: "cancelled",
        about: "created and cancelled",
        ends_in: Status::Cancelled,
        messages: |order| {
            life(
                order,
                &[
                    ["created", "processing_awaiting_payment", "not_paid", "not_shipped"],
                    ["cancelled", "cancelled", "cancelled", "cancelled"],
                ],
            )
        },
    },
];

/// What happened, then the statuses of order, payment and shipment.
type Step = [&'static str; 4];

fn life(order: &Order, steps: &[Step]) -> Vec<Message> {
    (0..)
        .step_by(20)
        .zip(steps)
        .map(|(second, [action, status, payment, shipment])| {
            let total = order.digits(order.total.minor());
            let body = json!({ "order": {
                "id": order.number(),
                "number": order.id,
                "updatedAt": order.at(second),
                "status": status,
                "paymentStatus": payment,
                "shipmentStatus": shipment,
                "priceIncl": "PRICE",
            }});
            // The shop writes a number, which must not go through a float.
            Message::json(body.to_string().replace("\"PRICE\"", &total))
                .with("x-event", format!("orders/{action}"))
        })
        .collect()
}
