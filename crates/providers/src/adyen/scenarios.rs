//! Lives of an order as Adyen tells them.

use serde_json::{Value, json};
use waybill_common::domain::Status;

use crate::{Message, Order, Scenario};

pub(super) const SCENARIOS: [Scenario; 7] = [
    Scenario {
        name: "authorize-capture-partial-refund",
        about: "authorised, captured, a quarter refunded",
        ends_in: Status::PartiallyRefunded,
        messages: |order| life(order, &[AUTHORISED, CAPTURED, ("REFUND", "refund", true, 1)]),
    },
    Scenario {
        name: "capture-fails",
        about: "a capture is accepted and fails days later",
        ends_in: Status::Authorized,
        messages: |order| {
            life(order, &[AUTHORISED, CAPTURED, ("CAPTURE_FAILED", "capture", true, 4)])
        },
    },
    Scenario {
        name: "refund-fails",
        about: "a refund is accepted and fails: the order stays paid",
        ends_in: Status::Paid,
        messages: |order| {
            life(
                order,
                &[
                    AUTHORISED,
                    CAPTURED,
                    ("REFUND", "refund", true, 1),
                    ("REFUND_FAILED", "refund", true, 1),
                ],
            )
        },
    },
    Scenario {
        name: "cancellation-refused",
        about: "a cancellation comes too late, the payment is captured",
        ends_in: Status::Paid,
        messages: |order| {
            life(order, &[AUTHORISED, ("CANCELLATION", "cancel", false, 4), CAPTURED])
        },
    },
    Scenario {
        name: "cancelled",
        about: "authorised, then cancelled",
        ends_in: Status::Cancelled,
        messages: |order| life(order, &[AUTHORISED, ("CANCELLATION", "cancel", true, 4)]),
    },
    Scenario {
        name: "dispute-lost",
        about: "a chargeback, reversed, and charged back again",
        ends_in: Status::ChargedBack,
        messages: |order| {
            life(
                order,
                &[
                    AUTHORISED,
                    CAPTURED,
                    ("NOTIFICATION_OF_CHARGEBACK", "dispute", true, 4),
                    ("CHARGEBACK", "dispute", true, 4),
                    ("CHARGEBACK_REVERSED", "dispute", true, 4),
                    ("SECOND_CHARGEBACK", "dispute", true, 4),
                ],
            )
        },
    },
    Scenario {
        name: "dispute-won",
        about: "a chargeback that is reversed",
        ends_in: Status::Paid,
        messages: |order| {
            life(
                order,
                &[
                    AUTHORISED,
                    CAPTURED,
                    ("CHARGEBACK", "dispute", true, 4),
                    ("CHARGEBACK_REVERSED", "dispute", true, 4),
                ],
            )
        },
    },
];

/// A code, the kind of its reference, whether it succeeded, and how many quarters of the total it moves.
type Step = (&'static str, &'static str, bool, i64);

const PAYMENT: &str = "payment";
const AUTHORISED: Step = ("AUTHORISATION", PAYMENT, true, 4);
const CAPTURED: Step = ("CAPTURE", "capture", true, 4);

/// The steps, twenty seconds apart. The last two come in one request, as Adyen sends what piled up.
fn life(order: &Order, steps: &[Step]) -> Vec<Message> {
    let items: Vec<_> = (0..)
        .step_by(20)
        .zip(steps)
        .map(|(second, step)| item(order, second, *step))
        .collect();
    let (alone, together) = items.split_at(items.len() - 2);
    alone
        .iter()
        .map(std::slice::from_ref)
        .chain([together])
        .map(|items| {
            let live = order.live.to_string();
            Message::json(json!({ "live": live, "notificationItems": items }).to_string())
        })
        .collect()
}

fn item(order: &Order, second: i64, (code, kind, success, quarters): Step) -> Value {
    let value = if quarters == 4 { order.total.minor() } else { order.quarter() * quarters };
    let mut item = json!({
        "additionalData": {},
        "amount": { "currency": order.total.currency(), "value": value },
        "eventCode": code,
        "eventDate": order.at(second),
        "merchantAccountCode": "TestMerchantECOM",
        "merchantReference": order.id,
        "paymentMethod": "visa",
        "pspReference": order.tagged(kind),
        "reason": "",
        "success": success.to_string(),
    });
    if kind != PAYMENT {
        item["originalReference"] = json!(order.tagged(PAYMENT));
    }
    json!({ "NotificationRequestItem": item })
}
