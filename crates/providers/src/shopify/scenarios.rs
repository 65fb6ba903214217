//! Lives of an order as Shopify tells them: each change by several topics, in no order.

use serde_json::{Value, json};
use waybill_common::domain::Status;

use crate::{Message, Order, Scenario};

pub(super) const SCENARIOS: [Scenario; 6] = [
    Scenario {
        name: "authorize-capture-partial-refund",
        about: "authorised, captured, a quarter refunded",
        ends_in: Status::PartiallyRefunded,
        messages: |order| {
            Life::of(order)
                .order("create", json!({ "financial_status": "authorized" }))
                .transaction(1, "authorization", "success", order.total.minor())
                .transaction(2, "capture", "success", order.total.minor())
                .order("paid", json!({ "financial_status": "paid" }))
                .refund(3)
                .order("updated", json!({ "financial_status": "partially_refunded" }))
                .told
        },
    },
    Scenario {
        name: "fulfilled",
        about: "paid, shipped in one parcel, delivered, closed",
        ends_in: Status::Completed,
        messages: |order| {
            Life::of(order)
                .order("create", json!({ "financial_status": "pending" }))
                .transaction(1, "sale", "success", order.total.minor())
                .order("paid", json!({ "financial_status": "paid" }))
                .parcel("create", Value::Null)
                .order(
                    "fulfilled",
                    json!({ "financial_status": "paid", "fulfillment_status": "fulfilled" }),
                )
                .parcel("update", json!("delivered"))
                .closed()
                .told
        },
    },
    Scenario {
        name: "refund-fails",
        about: "a refund is tried and fails: the order stays paid",
        ends_in: Status::Paid,
        messages: |order| {
            Life::of(order)
                .order("create", json!({ "financial_status": "paid" }))
                .transaction(1, "sale", "success", order.total.minor())
                .transaction(2, "refund", "failure", order.quarter())
                .told
        },
    },
    Scenario {
        name: "cancelled",
        about: "authorised, then cancelled and voided",
        ends_in: Status::Cancelled,
        messages: |order| {
            Life::of(order)
                .order("create", json!({ "financial_status": "authorized" }))
                .transaction(1, "authorization", "success", order.total.minor())
                .transaction(2, "void", "success", order.total.minor())
                .cancelled()
                .told
        },
    },
    Scenario {
        name: "dispute-lost",
        about: "the customer disputes the payment and wins",
        ends_in: Status::ChargedBack,
        messages: |order| {
            Life::of(order)
                .order("create", json!({ "financial_status": "paid" }))
                .transaction(1, "sale", "success", order.total.minor())
                .dispute("create", "needs_response")
                .dispute("update", "lost")
                .told
        },
    },
    Scenario {
        name: "dispute-won",
        about: "the customer disputes the payment and loses",
        ends_in: Status::Paid,
        messages: |order| {
            Life::of(order)
                .order("create", json!({ "financial_status": "paid" }))
                .transaction(1, "sale", "success", order.total.minor())
                .dispute("create", "needs_response")
                .dispute("update", "won")
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

    fn order(self, action: &str, state: Value) -> Self {
        let now = self.order.at(self.second);
        let mut body = json!({
            "id": self.order.number(),
            "name": format!("#{}", self.order.id),
            "created_at": self.order.at(0),
            "updated_at": now,
            "cancelled_at": null,
            "closed_at": null,
            "currency": self.order.total.currency(),
            "total_price": self.order.digits(self.order.total.minor()),
            "fulfillment_status": null,
            "refunds": [],
        });
        for (key, value) in state.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        self.tell(&format!("orders/{action}"), &body)
    }

    fn closed(self) -> Self {
        let at = self.order.at(self.second);
        self.order(
            "updated",
            json!({ "financial_status": "paid", "fulfillment_status": "fulfilled", "closed_at": at }),
        )
    }

    fn cancelled(self) -> Self {
        let at = self.order.at(self.second);
        self.order("cancelled", json!({ "financial_status": "voided", "cancelled_at": at }))
    }

    fn transaction(self, number: u64, kind: &str, status: &str, minor: i64) -> Self {
        let body = self.transaction_object(number, kind, status, minor);
        self.tell("order_transactions/create", &body)
    }

    fn refund(self, number: u64) -> Self {
        let quarter = self.order.quarter();
        let body = json!({
            "id": self.id(90),
            "order_id": self.order.number(),
            "created_at": self.order.at(self.second),
            "transactions": [self.transaction_object(number, "refund", "success", quarter)],
        });
        self.tell("refunds/create", &body)
            .transaction(number, "refund", "success", quarter)
    }

    fn transaction_object(&self, number: u64, kind: &str, status: &str, minor: i64) -> Value {
        json!({
            "id": self.id(number),
            "order_id": self.order.number(),
            "parent_id": (number > 1).then(|| self.id(number - 1)),
            "kind": kind,
            "status": status,
            "amount": self.order.digits(minor),
            "currency": self.order.total.currency(),
            "created_at": self.order.at(self.second),
        })
    }

    fn parcel(self, action: &str, shipment_status: Value) -> Self {
        let body = json!({
            "id": self.id(50),
            "order_id": self.order.number(),
            "status": "success",
            "shipment_status": shipment_status,
            "updated_at": self.order.at(self.second),
        });
        self.tell(&format!("fulfillments/{action}"), &body)
    }

    fn dispute(self, action: &str, status: &str) -> Self {
        let over = (status != "needs_response").then(|| self.order.at(self.second));
        let body = json!({
            "id": self.id(70),
            "order_id": self.order.number(),
            "type": "chargeback",
            "amount": self.order.digits(self.order.total.minor()),
            "currency": self.order.total.currency(),
            "status": status,
            "initiated_at": self.order.at(0),
            "finalized_on": over,
        });
        self.tell(&format!("disputes/{action}"), &body)
    }

    /// An id as large as Shopify's, of one of the order's objects.
    fn id(&self, number: u64) -> u64 {
        self.order.seed.wrapping_mul(100).wrapping_add(number)
    }

    fn tell(mut self, topic: &str, body: &Value) -> Self {
        let webhook_id = format!("{}-{}", self.order.tagged("wh"), self.told.len());
        self.told.push(
            Message::json(body.to_string())
                .with("x-shopify-topic", topic)
                .with("x-shopify-shop-domain", "test-shop.myshopify.com")
                .with("x-shopify-api-version", "2026-01")
                .with("x-shopify-webhook-id", webhook_id),
        );
        self.second += 20;
        self
    }
}
