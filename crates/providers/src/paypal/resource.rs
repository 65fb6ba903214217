//! The resource in one of `PayPal`'s events.

use waybill_common::domain::{Fact, Mode, Money, Operation, Origin, Outcome, Reference, first_at};

use super::NAME;
use crate::json::Json;
use crate::meaning::{Without, fact, ignored, is_id, is_name, unusable};
use crate::{minor, time};

#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) native_type: &'a str,
    pub(super) book: &'a str,
    pub(super) resource: &'a Json<'a>,
}

impl<'a> Told<'a> {
    pub(super) fn facts(self) -> Result<Vec<Fact>, Without> {
        use Operation::{Authorize, Capture, Void};
        use Outcome::{Failed, Pending, Succeeded};
        let fact = match self.native_type {
            "CHECKOUT.ORDER.APPROVED" => return self.approved(),
            "CHECKOUT.ORDER.COMPLETED" => return self.completed(),
            "CHECKOUT.ORDER.PROCESSED" => self.of_order(Operation::Place, Succeeded),
            "CHECKOUT.ORDER.VOIDED" => self.of_order(Void, Succeeded),
            "CHECKOUT.PAYMENT-APPROVAL.REVERSED" => self.of_order(Operation::Expire, Succeeded),
            "PAYMENT.AUTHORIZATION.CREATED" => self.moved(Authorize, Succeeded),
            "PAYMENT.AUTHORIZATION.VOIDED" => self.of(Void, self.id()?, Succeeded, self.id()?),
            "PAYMENT.CAPTURE.PENDING" | "PAYMENT.SALE.PENDING" => self.moved(Capture, Pending),
            "PAYMENT.CAPTURE.COMPLETED" | "PAYMENT.SALE.COMPLETED" => {
                self.moved(Capture, Succeeded)
            }
            "PAYMENT.CAPTURE.DECLINED" | "PAYMENT.CAPTURE.DENIED" | "PAYMENT.SALE.DENIED" => {
                self.moved(Capture, Failed)
            }
            "PAYMENT.CAPTURE.REFUNDED" | "PAYMENT.SALE.REFUNDED" => self.refund(),
            "PAYMENT.CAPTURE.REVERSED" | "PAYMENT.SALE.REVERSED" => self.reversal(),
            name if name.starts_with("PAYMENT.REFUND.") => self.refund(),
            name if name.starts_with("CUSTOMER.DISPUTE.") || name == "RISK.DISPUTE.CREATED" => {
                self.dispute()
            }
            name => ignored(format!("{name} says nothing about an order")),
        };
        fact.map(|fact| vec![fact])
    }

    /// The merchant's order, and every name that the resource has or builds on.
    pub(super) fn references(self, order_ref: &str) -> Result<Vec<Reference>, Without> {
        let unit = self.resource.pointer("/purchase_units/0");
        let of_unit = |pointer| {
            let whole = self.resource.pointer(pointer).decimal();
            whole.or_else(|| unit.pointer(pointer).decimal())
        };
        let merchant = of_unit(order_ref);
        if merchant.is_some_and(|name| !is_name(name)) {
            return unusable(format!("{order_ref} is no name of an order"));
        }
        let invoice =
            of_unit("/invoice_id").filter(|name| is_name(name) && order_ref != "/invoice_id");
        let foreign = [
            ("order", self.order()),
            ("authorization", self.authorization()),
            ("capture", self.capture()),
            ("invoice", invoice),
        ];
        let names: Vec<_> = merchant
            .map(Reference::order)
            .into_iter()
            .chain(
                foreign
                    .into_iter()
                    .filter_map(|(object, id)| Some(Reference::foreign(NAME, object, "", id?))),
            )
            .collect();
        if names.is_empty() { unusable("the event names no order") } else { Ok(names) }
    }

    /// Approved is not paid: the merchant must capture.
    fn approved(self) -> Result<Vec<Fact>, Without> {
        let placed = self.of_order(Operation::Place, Outcome::Succeeded)?;
        let op_ref = format!("{}#attempt", placed.op_ref);
        let requested =
            Fact { op: Operation::Capture, op_ref, outcome: Outcome::Requested, ..placed.clone() };
        Ok(vec![placed, requested])
    }

    /// Tells again what the captures in it have told, or will.
    fn completed(self) -> Result<Vec<Fact>, Without> {
        let units = self.resource.at("purchase_units").items();
        let captures = units
            .iter()
            .flat_map(|unit| unit.pointer("/payments/captures").items())
            .filter(|capture| capture.at("status").text() == Some("COMPLETED"));
        let mut facts = vec![self.of_order(Operation::Place, Outcome::Succeeded)?];
        for capture in captures {
            let told = Self { resource: capture, ..self };
            facts.push(told.moved(Operation::Capture, Outcome::Succeeded)?);
        }
        Ok(facts)
    }

    fn of_order(self, op: Operation, outcome: Outcome) -> Result<Fact, Without> {
        let Some(order) = self.order() else { return unusable("the event names no order") };
        self.of(op, order, outcome, order)
    }

    /// A payment's own operation. What is captured of an authorisation belongs to it, and ends with it.
    fn moved(self, op: Operation, outcome: Outcome) -> Result<Fact, Without> {
        let id = self.id()?;
        let group = self.authorization().unwrap_or(id);
        Ok(Fact { amount: Some(self.money("amount")?), ..self.of(op, id, outcome, group)? })
    }

    fn refund(self) -> Result<Fact, Without> {
        let outcome = match self.status() {
            Some("COMPLETED") => Outcome::Succeeded,
            Some("PENDING") => Outcome::Pending,
            Some("FAILED" | "CANCELLED") => Outcome::Failed,
            // Sales of the old interface say it in their type alone.
            None if self.native_type == "PAYMENT.SALE.REFUNDED" => Outcome::Succeeded,
            Some(_) | None => return unusable("the refund's status is not known"),
        };
        let id = self.id()?;
        let group = self.capture().unwrap_or(id);
        let refund = self.of(Operation::Refund, id, outcome, group)?;
        Ok(Fact { amount: Some(self.money("amount")?), ..refund })
    }

    /// The bank took the money back: as good as a dispute that was lost.
    fn reversal(self) -> Result<Fact, Without> {
        let Some(capture) = self.capture() else {
            return unusable("the reversal names no capture");
        };
        let lost = self.of(Operation::Dispute, capture, Outcome::Lost, capture)?;
        Ok(Fact {
            op_ref: format!("{}#reversal", lost.op_ref),
            amount: Some(self.money("amount")?),
            mode: Mode::Cumulative,
            ..lost
        })
    }

    fn dispute(self) -> Result<Fact, Without> {
        let outcome = self
            .resource
            .pointer("/dispute_outcome/outcome_code")
            .text();
        let inquiry = self.resource.at("dispute_life_cycle_stage").text() == Some("INQUIRY");
        let outcome = match (self.status(), outcome) {
            (Some("RESOLVED"), Some("RESOLVED_BUYER_FAVOUR" | "ACCEPTED")) => Outcome::Lost,
            // In the seller's favour, paid by PayPal, called off by the buyer, or refused.
            (Some("RESOLVED"), Some(_)) => Outcome::Won,
            (Some("RESOLVED"), None) => return unusable("the dispute does not tell how it ended"),
            (Some(_), _) if inquiry => Outcome::Requested,
            (Some(_), _) => Outcome::Pending,
            (None, _) => return unusable("the dispute's status is not known"),
        };
        let Some(id) = self.resource.at("dispute_id").id() else {
            return unusable("the dispute has no id");
        };
        let Some(capture) = self.capture() else { return unusable("the dispute names no payment") };
        let first = ["update_time", "create_time"]
            .into_iter()
            .find_map(|key| time::rfc3339(self.resource.at(key), Origin::Object))
            .map_or(0, |time| first_at(time.at));
        Ok(Fact {
            amount: Some(self.money("dispute_amount")?),
            first,
            reason: self
                .resource
                .at("reason")
                .text()
                .filter(|word| is_name(word))
                .map(str::to_owned),
            ..self.of(Operation::Dispute, id, outcome, capture)?
        })
    }

    fn of(self, op: Operation, id: &str, outcome: Outcome, group: &str) -> Result<Fact, Without> {
        Ok(Fact {
            group: Some(format!("{NAME}::{group}")),
            ..fact(self.book, op, format!("{NAME}::{id}"), outcome)
        })
    }

    fn status(self) -> Option<&'a str> {
        let status = self.resource.at("status").text();
        status.or_else(|| self.resource.at("state").text())
    }

    fn id(self) -> Result<&'a str, Without> {
        self.resource
            .at("id")
            .id()
            .map_or_else(|| unusable("the resource has no id"), Ok)
    }

    fn order(self) -> Option<&'a str> {
        if self.native_type.starts_with("CHECKOUT.ORDER.") {
            return self.resource.at("id").id();
        }
        let related = self
            .resource
            .pointer("/supplementary_data/related_ids/order_id");
        self.resource.at("order_id").id().or_else(|| related.id())
    }

    fn authorization(self) -> Option<&'a str> {
        if self.native_type.starts_with("PAYMENT.AUTHORIZATION.") {
            return self.resource.at("id").id();
        }
        self.resource
            .pointer("/supplementary_data/related_ids/authorization_id")
            .id()
    }

    /// The capture itself, or the one that a refund, reversal or dispute is about.
    fn capture(self) -> Option<&'a str> {
        let disputed = self
            .resource
            .pointer("/disputed_transactions/0/seller_transaction_id");
        if let Some(id) = disputed.id().or_else(|| self.resource.at("sale_id").id()) {
            return Some(id);
        }
        let up = self.resource.at("links").items().iter();
        let up = up
            .filter(|link| link.at("rel").text() == Some("up"))
            .find_map(|link| link.at("href").text()?.rsplit_once("/captures/"))
            .map(|(_, id)| id)
            .filter(|id| is_id(id));
        let itself = ["PAYMENT.CAPTURE.", "PAYMENT.SALE."]
            .iter()
            .any(|prefix| self.native_type.starts_with(prefix));
        let about_itself = itself && !self.native_type.ends_with("REFUNDED");
        up.or_else(|| self.resource.at("id").id().filter(|_| about_itself))
    }

    /// The old interface writes `total` and `currency`.
    fn money(self, key: &str) -> Result<Money, Without> {
        let money = self.resource.at(key);
        let value = money
            .at("value")
            .decimal()
            .or_else(|| money.at("total").decimal());
        let currency = money
            .at("currency_code")
            .text()
            .or_else(|| money.at("currency").text());
        minor::decimal(value, currency)
    }
}
