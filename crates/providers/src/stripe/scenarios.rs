//! Lives of an order as Stripe tells them. Refunds and disputes name only their payment, as in reality.

use serde_json::{Value, json};
use waybill_common::domain::Status;

use crate::{Message, Order, Scenario};

pub(super) const SCENARIOS: [Scenario; 11] = [
    Scenario {
        name: "automatic",
        about: "a card payment that is captured at once",
        ends_in: Status::Paid,
        messages: |order| Life::of(order).created().processing().succeeded().tell(),
    },
    Scenario {
        name: "authorize-capture-partial-refund",
        about: "authorised, captured, a quarter refunded",
        ends_in: Status::PartiallyRefunded,
        messages: |order| {
            Life::of(order)
                .created()
                .authorized()
                .captured()
                .refund("re", "created", "pending")
                .refund("re", "updated", "succeeded")
                .refunded(1)
                .tell()
        },
    },
    Scenario {
        name: "refund-fails",
        about: "a refund succeeds and fails afterwards: the order stays paid",
        ends_in: Status::Paid,
        messages: |order| {
            Life::of(order)
                .created()
                .succeeded()
                .refund("re", "created", "succeeded")
                .refunded(1)
                .refund("re", "failed", "failed")
                .tell()
        },
    },
    Scenario {
        name: "two-refunds-in-one-second",
        about: "two refunds of a quarter each, told in the same second",
        ends_in: Status::PartiallyRefunded,
        messages: |order| {
            Life::of(order)
                .created()
                .succeeded()
                .refund("re_a", "created", "succeeded")
                .in_the_same_second()
                .refund("re_b", "created", "succeeded")
                .in_the_same_second()
                .refunded(2)
                .tell()
        },
    },
    Scenario {
        name: "dispute-won",
        about: "a dispute takes the money and gives it back",
        ends_in: Status::Paid,
        messages: |order| {
            Life::of(order)
                .created()
                .succeeded()
                .dispute("created", "needs_response")
                .dispute("funds_withdrawn", "needs_response")
                .dispute("updated", "under_review")
                .dispute("closed", "won")
                .dispute("funds_reinstated", "won")
                .tell()
        },
    },
    Scenario {
        name: "dispute-lost",
        about: "a dispute takes the money for good",
        ends_in: Status::ChargedBack,
        messages: |order| {
            Life::of(order)
                .created()
                .succeeded()
                .dispute("created", "needs_response")
                .dispute("funds_withdrawn", "needs_response")
                .dispute("closed", "lost")
                .tell()
        },
    },
    Scenario {
        name: "failed-then-retried",
        about: "a first card is declined, a second one pays the same intent",
        ends_in: Status::Paid,
        messages: |order| {
            Life::of(order)
                .created()
                .requires_action()
                .failed()
                .processing()
                .succeeded()
                .tell()
        },
    },
    Scenario {
        name: "failed",
        about: "the only card is declined",
        ends_in: Status::Failed,
        messages: |order| Life::of(order).created().failed().tell(),
    },
    Scenario {
        name: "expired",
        about: "authorised and never captured",
        ends_in: Status::Expired,
        messages: |order| Life::of(order).created().authorized().expired().tell(),
    },
    Scenario {
        name: "cancelled",
        about: "authorised, then cancelled before any money moved",
        ends_in: Status::Cancelled,
        messages: |order| Life::of(order).created().authorized().canceled().tell(),
    },
    Scenario {
        name: "checkout",
        about: "a hosted page whose payment arrives after the page is completed",
        ends_in: Status::Paid,
        messages: |order| {
            Life::of(order)
                .created()
                .session("completed", "unpaid")
                .processing()
                .succeeded()
                .session("async_payment_succeeded", "paid")
                .tell()
        },
    },
];

/// The events so far, twenty seconds apart.
struct Life<'a> {
    order: &'a Order,
    second: i64,
    told: Vec<Value>,
}

impl<'a> Life<'a> {
    fn of(order: &'a Order) -> Self {
        Self { order, second: 0, told: Vec::new() }
    }

    fn tell(self) -> Vec<Message> {
        self.told
            .into_iter()
            .map(|event| Message::json(event.to_string()))
            .collect()
    }

    fn created(self) -> Self {
        self.intent("created", "requires_payment_method", [0, 0])
    }

    fn requires_action(self) -> Self {
        self.intent("requires_action", "requires_action", [0, 0])
    }

    fn processing(self) -> Self {
        self.intent("processing", "processing", [0, 0])
    }

    fn failed(self) -> Self {
        let charge =
            self.charge_object(json!({ "status": "failed", "failure_code": "card_declined" }));
        self.event("charge.failed", charge)
            .in_the_same_second()
            .intent("payment_failed", "requires_payment_method", [0, 0])
    }

    fn authorized(self) -> Self {
        let total = self.order.total.minor();
        self.intent("amount_capturable_updated", "requires_capture", [total, 0])
    }

    fn captured(self) -> Self {
        let total = self.order.total.minor();
        let charge = self.charge_object(json!({ "captured": true, "amount_captured": total }));
        self.event("charge.captured", charge)
            .in_the_same_second()
            .intent("succeeded", "succeeded", [0, total])
    }

    /// Captured at once: charge and intent tell the same money.
    fn succeeded(self) -> Self {
        let total = self.order.total.minor();
        let charge = self.charge_object(json!({ "captured": true, "amount_captured": total }));
        self.event("charge.succeeded", charge)
            .in_the_same_second()
            .intent("succeeded", "succeeded", [0, total])
    }

    fn expired(self) -> Self {
        let charge = self.charge_object(json!({ "refunded": true }));
        self.event("charge.expired", charge)
    }

    fn canceled(self) -> Self {
        self.intent("canceled", "canceled", [0, 0])
    }

    /// The charge after so many refunds of a quarter.
    fn refunded(self, refunds: i64) -> Self {
        let total = self.order.total.minor();
        let back = self.order.quarter() * refunds;
        let charge = self.charge_object(json!({
            "captured": true, "amount_captured": total, "amount_refunded": back,
        }));
        self.event("charge.refunded", charge)
    }

    fn refund(self, kind: &str, action: &str, status: &str) -> Self {
        let refund = self.under_payment(json!({
            "id": self.order.tagged(kind),
            "object": "refund",
            "amount": self.order.quarter(),
            "status": status,
        }));
        self.event(&format!("refund.{action}"), refund)
    }

    fn dispute(self, action: &str, status: &str) -> Self {
        let dispute = self.under_payment(json!({
            "id": self.order.tagged("dp"),
            "object": "dispute",
            "amount": self.order.total.minor(),
            "reason": "fraudulent",
            "status": status,
        }));
        self.event(&format!("charge.dispute.{action}"), dispute)
    }

    fn session(self, action: &str, payment_status: &str) -> Self {
        let session = json!({
            "id": self.order.tagged("cs"),
            "object": "checkout.session",
            "amount_total": self.order.total.minor(),
            "currency": self.currency(),
            "client_reference_id": self.order.id,
            "metadata": { "order_id": self.order.id },
            "mode": "payment",
            "payment_intent": self.order.tagged("pi"),
            "payment_status": payment_status,
        });
        self.event(&format!("checkout.session.{action}"), session)
    }

    fn intent(self, action: &str, status: &str, [capturable, received]: [i64; 2]) -> Self {
        let intent = json!({
            "id": self.order.tagged("pi"),
            "object": "payment_intent",
            "amount": self.order.total.minor(),
            "amount_capturable": capturable,
            "amount_received": received,
            "currency": self.currency(),
            "latest_charge": if action == "created" { Value::Null } else { json!(self.order.tagged("ch")) },
            "metadata": { "order_id": self.order.id },
            "status": status,
        });
        self.event(&format!("payment_intent.{action}"), intent)
    }

    fn charge_object(&self, more: Value) -> Value {
        let mut charge = json!({
            "id": self.order.tagged("ch"),
            "object": "charge",
            "amount": self.order.total.minor(),
            "amount_captured": 0,
            "amount_refunded": 0,
            "captured": false,
            "currency": self.currency(),
            "metadata": { "order_id": self.order.id },
            "payment_intent": self.order.tagged("pi"),
            "status": "succeeded",
        });
        merge(&mut charge, more);
        charge
    }

    /// An object that in reality names no order, only the payment.
    fn under_payment(&self, mut object: Value) -> Value {
        let named = self.order.named_throughout;
        let metadata = if named { json!({ "order_id": self.order.id }) } else { json!({}) };
        merge(
            &mut object,
            json!({
                "charge": self.order.tagged("ch"),
                "payment_intent": self.order.tagged("pi"),
                "currency": self.currency(),
                "metadata": metadata,
            }),
        );
        object
    }

    fn currency(&self) -> String {
        self.order.total.currency().code().to_ascii_lowercase()
    }

    fn event(mut self, native_type: &str, object: Value) -> Self {
        let number = self.told.len();
        self.told.push(json!({
            "id": format!("{}_{number}", self.order.tagged("evt")),
            "object": "event",
            "api_version": "2025-09-30.clover",
            "created": self.order.at(self.second).seconds(),
            "livemode": self.order.live,
            "pending_webhooks": 1,
            "type": native_type,
            "data": { "object": object },
        }));
        self.second += 20;
        self
    }

    /// The next event happens in the second of the last one.
    fn in_the_same_second(mut self) -> Self {
        self.second -= 20;
        self
    }
}

fn merge(object: &mut Value, more: Value) {
    if let (Value::Object(members), Value::Object(more)) = (object, more) {
        members.extend(more);
    }
}
