//! The object in one of Mollie's events.

use waybill_common::domain::{
    Fact, Mode, Money, Operation, Outcome, Reference, Timestamp, first_at,
};

use super::NAME;
use crate::json::Json;
use crate::meaning::{Without, fact, ignored, is_name, unusable};
use crate::minor;

#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) native_type: &'a str,
    pub(super) at: Timestamp,
    pub(super) book: &'a str,
    pub(super) entity: &'a Json<'a>,
}

impl<'a> Told<'a> {
    pub(super) fn facts(self) -> Result<Vec<Fact>, Without> {
        match self.kind() {
            "payment" => self.payment(),
            "refund" => self.part(Operation::Refund, self.refunded()?),
            "chargeback" => self.part(Operation::Dispute, self.charged_back()?),
            "capture" => self.part(Operation::Capture, self.captured()?),
            _ => self.says_nothing(),
        }
    }

    /// The object that a thin event names, whose state must be asked for: its reference, and its name as operations are
    /// named, so that any later word about it answers the hint.
    pub(super) fn named(self, id: &str) -> Result<(Reference, String), Without> {
        match self.kind() {
            kind @ ("payment" | "refund" | "chargeback" | "capture") => {
                Ok((Reference::foreign(NAME, kind, "", id), format!("{NAME}::{id}")))
            }
            _ => self.says_nothing(),
        }
    }

    /// The merchant's order, where the object names it, and the payment.
    pub(super) fn references(self, order_ref: &str) -> Result<Vec<Reference>, Without> {
        let merchant = match self.entity.pointer(order_ref).decimal() {
            Some(name) if is_name(name) => Some(Reference::order(name)),
            Some(_) => return unusable(format!("{order_ref} is no name of an order")),
            None => None,
        };
        let payment = Reference::foreign(NAME, "payment", "", self.payment_id()?);
        let own = match self.kind() {
            "payment" => None,
            kind => Some(Reference::foreign(NAME, kind, "", self.id("id")?)),
        };
        Ok(merchant.into_iter().chain([payment]).chain(own).collect())
    }

    fn kind(self) -> &'a str {
        self.native_type.split('.').next().unwrap_or_default()
    }

    fn says_nothing<T>(self) -> Result<T, Without> {
        ignored(format!("{} says nothing about an order", self.native_type))
    }

    /// By the payment's own status, which is later than the event where several things happened at once.
    fn payment(self) -> Result<Vec<Fact>, Without> {
        let (op, outcome) = match self.entity.at("status").text() {
            Some("open" | "pending") => (Operation::Capture, Outcome::Pending),
            Some("authorized") => (Operation::Authorize, Outcome::Succeeded),
            Some("paid") => (Operation::Capture, Outcome::Succeeded),
            Some("canceled") => (Operation::Void, Outcome::Succeeded),
            Some("expired") => (Operation::Expire, Outcome::Succeeded),
            Some("failed") => (Operation::Capture, Outcome::Failed),
            Some(_) | None => return unusable("the payment's status is not known"),
        };
        let moves = matches!(op, Operation::Authorize | Operation::Capture);
        let amount = if moves { Some(self.money("amount")?) } else { None };
        // In all: captures tell the same money one by one.
        let told = Fact { amount, mode: Mode::Cumulative, ..self.fact(op, outcome)? };
        let mut facts = vec![told.clone()];
        if !self.entity.at("amountRefunded").is_null() {
            let back = self.money("amountRefunded")?;
            if back.minor() > 0 {
                facts.push(Fact {
                    op: Operation::Refund,
                    outcome: Outcome::Succeeded,
                    amount: Some(back),
                    ..told
                });
            }
        }
        Ok(facts)
    }

    fn refunded(self) -> Result<Outcome, Without> {
        match self.native_type {
            "refund.queued" | "refund.pending" | "refund.processing" => Ok(Outcome::Pending),
            "refund.refunded" => Ok(Outcome::Succeeded),
            "refund.failed" | "refund.canceled" => Ok(Outcome::Failed),
            _ => self.says_nothing(),
        }
    }

    fn charged_back(self) -> Result<Outcome, Without> {
        match self.native_type {
            "chargeback.received" => Ok(Outcome::Lost),
            "chargeback.reversed" => Ok(Outcome::Won),
            _ => self.says_nothing(),
        }
    }

    fn captured(self) -> Result<Outcome, Without> {
        match self.native_type {
            "capture.succeeded" => Ok(Outcome::Succeeded),
            "capture.failed" => Ok(Outcome::Failed),
            _ => self.says_nothing(),
        }
    }

    /// What was done with a part of the payment.
    fn part(self, op: Operation, outcome: Outcome) -> Result<Vec<Fact>, Without> {
        let told = self.fact(op, outcome)?;
        let first = if op == Operation::Dispute { told.first } else { 0 };
        Ok(vec![Fact { amount: Some(self.money("amount")?), first, ..told }])
    }

    fn fact(self, op: Operation, outcome: Outcome) -> Result<Fact, Without> {
        let op_ref = format!("{NAME}::{}", self.id("id")?);
        Ok(Fact {
            group: Some(format!("{NAME}::{}", self.payment_id()?)),
            first: first_at(self.at),
            ..fact(self.book, op, op_ref, outcome)
        })
    }

    fn payment_id(self) -> Result<&'a str, Without> {
        self.id(if self.kind() == "payment" { "id" } else { "paymentId" })
    }

    fn id(self, key: &str) -> Result<&'a str, Without> {
        self.entity
            .at(key)
            .id()
            .map_or_else(|| unusable(format!("the object has no {key}")), Ok)
    }

    pub(super) fn money(self, key: &str) -> Result<Money, Without> {
        let money = self.entity.at(key);
        minor::decimal(money.at("value").text(), money.at("currency").text())
    }
}
