//! Lives of an order as `PayPal` tells them.

use serde_json::{Value, json};
use waybill_common::domain::Status;

use crate::{Message, Order, Scenario};

pub(super) const SCENARIOS: [Scenario; 6] = [
    Scenario {
        name: "authorize-capture-refund",
        about: "approved, authorised, captured, a quarter refunded",
        ends_in: Status::PartiallyRefunded,
        messages: |order| {
            Life::of(order)
                .approved()
                .authorization("CREATED")
                .capture("PENDING")
                .capture("COMPLETED")
                .refund("COMPLETED")
                .told
        },
    },
    Scenario {
        name: "refund-fails",
        about: "a refund is pending and fails: the order stays paid",
        ends_in: Status::Paid,
        messages: |order| {
            Life::of(order)
                .capture("COMPLETED")
                .refund("PENDING")
                .refund("FAILED")
                .told
        },
    },
    Scenario {
        name: "voided",
        about: "authorised, then voided",
        ends_in: Status::Cancelled,
        messages: |order| {
            Life::of(order)
                .authorization("CREATED")
                .authorization("VOIDED")
                .told
        },
    },
    Scenario {
        name: "dispute-won",
        about: "the customer disputes the payment and loses",
        ends_in: Status::Paid,
        messages: |order| {
            Life::of(order)
                .capture("COMPLETED")
                .dispute("CREATED", "OPEN", None)
                .dispute("UPDATED", "UNDER_REVIEW", None)
                .dispute("RESOLVED", "RESOLVED", Some("RESOLVED_SELLER_FAVOUR"))
                .told
        },
    },
    Scenario {
        name: "dispute-lost",
        about: "the customer disputes the payment and wins",
        ends_in: Status::ChargedBack,
        messages: |order| {
            Life::of(order)
                .capture("COMPLETED")
                .dispute("CREATED", "OPEN", None)
                .dispute("RESOLVED", "RESOLVED", Some("RESOLVED_BUYER_FAVOUR"))
                .told
        },
    },
    Scenario {
        name: "declined",
        about: "the capture is declined",
        ends_in: Status::Failed,
        messages: |order| Life::of(order).capture("PENDING").capture("DECLINED").told,
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

    fn approved(self) -> Self {
        let unit =
            json!({ "custom_id": self.order.id, "amount": self.money(self.order.total.minor()) });
        let order = json!({
            "id": self.order.tagged("O"),
            "status": "APPROVED",
            "purchase_units": [unit],
        });
        self.tell("CHECKOUT.ORDER.APPROVED", order)
    }

    fn authorization(self, action: &str) -> Self {
        let authorization = self.payment("A", action, self.order.total.minor());
        self.tell(&format!("PAYMENT.AUTHORIZATION.{action}"), authorization)
    }

    fn capture(self, status: &str) -> Self {
        let mut capture = self.payment("C", status, self.order.total.minor());
        capture["supplementary_data"] = json!({ "related_ids": {
            "order_id": self.order.tagged("O"),
            "authorization_id": self.order.tagged("A"),
        }});
        self.tell(&format!("PAYMENT.CAPTURE.{status}"), capture)
    }

    fn refund(self, status: &str) -> Self {
        let mut refund = self.payment("R", status, self.order.quarter());
        let capture = self.order.tagged("C");
        let href = format!("https://api.sandbox.paypal.com/v2/payments/captures/{capture}");
        refund["links"] = json!([{ "href": href, "rel": "up", "method": "GET" }]);
        let refunded = status == "COMPLETED";
        let name = if refunded { "PAYMENT.CAPTURE.REFUNDED" } else { "PAYMENT.REFUND" };
        let name = if refunded { name.to_owned() } else { format!("{name}.{status}") };
        self.tell(&name, refund)
    }

    /// In reality a dispute names only its capture.
    fn dispute(self, action: &str, status: &str, outcome: Option<&str>) -> Self {
        let dispute = json!({
            "dispute_id": self.order.tagged("PP"),
            "custom_id": self.order.named_throughout.then_some(&self.order.id),
            "disputed_transactions": [{ "seller_transaction_id": self.order.tagged("C") }],
            "status": status,
            "dispute_amount": self.money(self.order.total.minor()),
            "dispute_outcome": outcome.map(|code| json!({ "outcome_code": code })),
            "update_time": self.order.at(self.second),
        });
        self.tell(&format!("CUSTOMER.DISPUTE.{action}"), dispute)
    }

    fn payment(&self, kind: &str, status: &str, minor: i64) -> Value {
        json!({
            "id": self.order.tagged(kind),
            "status": status,
            "amount": self.money(minor),
            "custom_id": self.order.id,
            "update_time": self.order.at(self.second),
        })
    }

    fn money(&self, minor: i64) -> Value {
        json!({
            "currency_code": self.order.total.currency(),
            "value": self.order.digits(minor),
        })
    }

    fn tell(mut self, event_type: &str, resource: Value) -> Self {
        let body = json!({
            "id": format!("{}-{}", self.order.tagged("WH"), self.told.len()),
            "event_version": "1.0",
            "create_time": self.order.at(self.second),
            "event_type": event_type,
            "resource": resource,
        });
        self.told.push(Message::json(body.to_string()));
        self.second += 20;
        self
    }
}
