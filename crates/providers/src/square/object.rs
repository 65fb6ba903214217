//! The object in one of Square's events.

use waybill_common::domain::{
    Effect, Fact, Lifecycle, Mode, Money, Operation, Origin, Outcome, Reference, Snapshot, first_at,
};

use super::NAME;
use crate::json::Json;
use crate::meaning::{Without, fact, ignored, is_name, snapshot, unusable};
use crate::{minor, time};

#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) native_type: &'a str,
    pub(super) account: &'a str,
    pub(super) book: &'a str,
    /// `data.object`: the object stands in it under its kind.
    pub(super) objects: &'a Json<'a>,
}

impl<'a> Told<'a> {
    /// By the top-level type; the one in `data` says something else for orders.
    pub(super) fn effect(self) -> Result<Effect, Without> {
        let facts = match self.native_type {
            "payment.created" | "payment.updated" => self.payment(),
            "refund.created" | "refund.updated" => self.refund(),
            "dispute.created" | "dispute.state.updated" => self.dispute(),
            "order.fulfillment.updated" => self.fulfilments(),
            "order.created" | "order.updated" => {
                return self
                    .order()
                    .map(|snapshot| Effect::Snapshot { snapshot, facts: Vec::new() });
            }
            _ => ignored(format!("{} says nothing about an order", self.native_type)),
        };
        facts.map(|facts| Effect::Facts { facts })
    }

    /// The one object of the event.
    fn object(self) -> &'a Json<'a> {
        let objects = self.objects.object();
        objects
            .and_then(|members| members.values().next())
            .unwrap_or(&Json::Null)
    }

    fn payment(self) -> Result<Vec<Fact>, Without> {
        let (op, outcome) = match self.object().at("status").text() {
            Some("PENDING") => (Operation::Capture, Outcome::Pending),
            Some("APPROVED") => (Operation::Authorize, Outcome::Succeeded),
            Some("COMPLETED") => (Operation::Capture, Outcome::Succeeded),
            Some("CANCELED") => (Operation::Void, Outcome::Succeeded),
            Some("FAILED") => (Operation::Capture, Outcome::Failed),
            Some(_) | None => return unusable("the payment's status is not known"),
        };
        let id = self.id("id")?;
        let key =
            if self.object().at("total_money").is_null() { "amount_money" } else { "total_money" };
        let amount = if op == Operation::Void { None } else { Some(self.money(key)?) };
        let told = Fact { amount, ..self.fact(op, id, outcome, id)? };
        let mut facts = vec![told.clone()];
        if !self.object().at("refunded_money").is_null() {
            let back = self.money("refunded_money")?;
            if back.minor() > 0 {
                facts.push(Fact {
                    op: Operation::Refund,
                    outcome: Outcome::Succeeded,
                    amount: Some(back),
                    mode: Mode::Cumulative,
                    ..told
                });
            }
        }
        Ok(facts)
    }

    fn refund(self) -> Result<Vec<Fact>, Without> {
        let outcome = match self.object().at("status").text() {
            Some("PENDING") => Outcome::Pending,
            Some("COMPLETED") => Outcome::Succeeded,
            Some("REJECTED" | "FAILED") => Outcome::Failed,
            Some(_) | None => return unusable("the refund's status is not known"),
        };
        let told = self.fact(Operation::Refund, self.id("id")?, outcome, self.id("payment_id")?)?;
        Ok(vec![Fact { amount: Some(self.money("amount_money")?), ..told }])
    }

    fn dispute(self) -> Result<Vec<Fact>, Without> {
        let outcome = match self.object().at("state").text() {
            Some("INQUIRY_EVIDENCE_REQUIRED" | "INQUIRY_PROCESSING") => Outcome::Requested,
            Some("EVIDENCE_REQUIRED" | "PROCESSING" | "WAITING_THIRD_PARTY") => Outcome::Pending,
            Some("WON" | "INQUIRY_CLOSED") => Outcome::Won,
            Some("LOST" | "ACCEPTED") => Outcome::Lost,
            Some(_) | None => return unusable("the dispute's state is not known"),
        };
        let key = if self.object().at("id").is_null() { "dispute_id" } else { "id" };
        let told = self.fact(Operation::Dispute, self.id(key)?, outcome, self.disputed()?)?;
        Ok(vec![Fact { amount: Some(self.money("amount_money")?), ..told }])
    }

    fn disputed(self) -> Result<&'a str, Without> {
        self.object()
            .pointer("/disputed_payment/payment_id")
            .id()
            .map_or_else(|| unusable("the dispute names no payment"), Ok)
    }

    /// The order itself comes thin: its version and its state.
    fn order(self) -> Result<Snapshot, Without> {
        let lifecycle = match self.object().at("state").text() {
            Some("COMPLETED") => Lifecycle::Closed,
            Some("CANCELED") => Lifecycle::Cancelled,
            Some("OPEN" | "DRAFT") => return ignored("an open order says nothing yet"),
            Some(_) | None => return unusable("the order's state is not known"),
        };
        let Some(version) = self.object().at("version").integer() else {
            return unusable("the order has no version");
        };
        let object = Reference::foreign(NAME, "order", self.account, self.id("order_id")?);
        let said = snapshot(object.name, self.book, version);
        Ok(Snapshot { lifecycle: Some(lifecycle), ..said })
    }

    fn fulfilments(self) -> Result<Vec<Fact>, Without> {
        let first = self.first();
        self.object()
            .at("fulfillment_update")
            .items()
            .iter()
            .map(|update| {
                let outcome = match update.at("new_state").text() {
                    Some("COMPLETED") => Outcome::Succeeded,
                    Some("CANCELED" | "FAILED") => Outcome::Failed,
                    Some(_) | None => Outcome::Pending,
                };
                let Some(id) = update.at("fulfillment_uid").id() else {
                    return unusable("the fulfilment has no id");
                };
                let told = fact(self.book, Operation::Fulfil, self.op_ref(id), outcome);
                Ok(Fact { first, ..told })
            })
            .collect()
    }

    /// The merchant's order, and the names that Square and the merchant gave beside it.
    pub(super) fn references(self, order_ref: &str) -> Result<Vec<Reference>, Without> {
        let merchant = self.object().pointer(order_ref).decimal();
        if merchant.is_some_and(|name| !is_name(name)) {
            return unusable(format!("{order_ref} is no name of an order"));
        }
        let payment = match self.native_type {
            "payment.created" | "payment.updated" => self.object().at("id").id(),
            "dispute.created" | "dispute.state.updated" => Some(self.disputed()?),
            _ => self.object().at("payment_id").id(),
        };
        let beside = self
            .object()
            .at("reference_id")
            .text()
            .filter(|name| is_name(name));
        let foreign = [
            ("order", self.object().at("order_id").id()),
            ("payment", payment),
            ("reference", beside.filter(|_| order_ref != "/reference_id")),
        ];
        let foreign = foreign
            .into_iter()
            .filter_map(|(object, id)| Some(Reference::foreign(NAME, object, self.account, id?)));
        Ok(merchant
            .map(Reference::order)
            .into_iter()
            .chain(foreign)
            .collect())
    }

    fn fact(
        self,
        op: Operation,
        id: &str,
        outcome: Outcome,
        payment: &str,
    ) -> Result<Fact, Without> {
        Ok(Fact {
            group: Some(self.op_ref(payment)),
            first: self.first(),
            ..fact(self.book, op, self.op_ref(id), outcome)
        })
    }

    /// The object's own time.
    fn first(self) -> i64 {
        ["updated_at", "created_at"]
            .into_iter()
            .find_map(|key| time::rfc3339(self.object().at(key), Origin::Object))
            .map_or(0, |time| first_at(time.at))
    }

    fn op_ref(self, id: &str) -> String {
        format!("{NAME}:{}:{id}", self.account)
    }

    fn id(self, key: &str) -> Result<&'a str, Without> {
        self.object()
            .at(key)
            .id()
            .map_or_else(|| unusable(format!("the object has no {key}")), Ok)
    }

    fn money(self, key: &str) -> Result<Money, Without> {
        let money = self.object().at(key);
        match (money.at("amount").integer(), money.at("currency").text()) {
            (Some(amount), Some(currency)) => {
                minor::money(amount, currency, waybill_common::domain::Currency::exponent)
            }
            _ => unusable(format!("{key} is no amount of money")),
        }
    }
}
