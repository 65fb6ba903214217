//! Lives of an order as Square tells them.

use serde_json::{Value, json};
use waybill_common::domain::Status;

use crate::{Message, Order, Scenario};

pub(super) const SCENARIOS: [Scenario; 5] = [
    Scenario {
        name: "authorize-capture-partial-refund",
        about: "approved, completed, a quarter refunded",
        ends_in: Status::PartiallyRefunded,
        messages: |order| {
            Life::of(order)
                .payment("created", "APPROVED")
                .payment("updated", "COMPLETED")
                .refund("created", "PENDING")
                .refund("updated", "COMPLETED")
                .told
        },
    },
    Scenario {
        name: "completed",
        about: "paid, and the order is completed",
        ends_in: Status::Completed,
        messages: |order| {
            Life::of(order)
                .payment("created", "APPROVED")
                .payment("updated", "COMPLETED")
                .order("updated", "COMPLETED", 4)
                .told
        },
    },
    Scenario {
        name: "refund-fails",
        about: "a refund is pending and fails: the order stays paid",
        ends_in: Status::Paid,
        messages: |order| {
            Life::of(order)
                .payment("created", "COMPLETED")
                .refund("created", "PENDING")
                .refund("updated", "FAILED")
                .told
        },
    },
    Scenario {
        name: "cancelled",
        about: "approved, then cancelled",
        ends_in: Status::Cancelled,
        messages: |order| {
            Life::of(order)
                .payment("created", "APPROVED")
                .payment("updated", "CANCELED")
                .order("updated", "CANCELED", 3)
                .told
        },
    },
    Scenario {
        name: "dispute-lost",
        about: "the customer disputes the payment and wins",
        ends_in: Status::ChargedBack,
        messages: |order| {
            Life::of(order)
                .payment("created", "COMPLETED")
                .dispute("created", "EVIDENCE_REQUIRED")
                .dispute("state.updated", "LOST")
                .told
        },
    },
];

struct Life<'a> {
    order: &'a Order,
    second: i64,
    told: Vec<Message>,
}

impl<'a> Life<'a> {
    fn of(order: &'a Order) -> Self {
        Self { order, second: 0, told: Vec::new() }
    }

    fn payment(self, action: &str, status: &str) -> Self {
        let payment = json!({
            "id": self.order.tagged("payment"),
            "order_id": self.order.id,
            "status": status,
            "total_money": self.money(self.order.total.minor()),
            "updated_at": self.order.at(self.second),
        });
        self.tell(&format!("payment.{action}"), "payment", payment)
    }

    fn refund(self, action: &str, status: &str) -> Self {
        let refund = json!({
            "id": self.order.tagged("refund"),
            "payment_id": self.order.tagged("payment"),
            "order_id": self.order.id,
            "status": status,
            "amount_money": self.money(self.order.quarter()),
            "updated_at": self.order.at(self.second),
        });
        self.tell(&format!("refund.{action}"), "refund", refund)
    }

    /// In reality a dispute names only its payment.
    fn dispute(self, action: &str, state: &str) -> Self {
        let order_id = self.order.named_throughout.then_some(&self.order.id);
        let dispute = json!({
            "id": self.order.tagged("dispute"),
            "order_id": order_id,
            "disputed_payment": { "payment_id": self.order.tagged("payment") },
            "state": state,
            "amount_money": self.money(self.order.total.minor()),
            "updated_at": self.order.at(self.second),
        });
        self.tell(&format!("dispute.{action}"), "dispute", dispute)
    }

    fn order(self, action: &str, state: &str, version: u32) -> Self {
        let kind = format!("order_{action}");
        let order = json!({
            "order_id": self.order.id,
            "version": version,
            "state": state,
            "updated_at": self.order.at(self.second),
        });
        self.tell(&format!("order.{action}"), &kind, order)
    }

    fn money(&self, minor: i64) -> Value {
        json!({ "amount": minor, "currency": self.order.total.currency() })
    }

    fn tell(mut self, native_type: &str, kind: &str, object: Value) -> Self {
        let event_id = format!("{}-{}", self.order.tagged("evt"), self.told.len());
        let body = json!({
            "merchant_id": "6SSW7HV8K2ST5",
            "type": native_type,
            "event_id": event_id,
            "created_at": self.order.at(self.second),
            "data": { "type": kind, "object": { (kind): object } },
        });
        self.told.push(Message::json(body.to_string()));
        self.second += 20;
        self
    }
}
