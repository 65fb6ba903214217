//! What each of Adyen's event codes says.

use waybill_common::domain::{
    Currency, Fact, Mode, Money, Operation, Outcome, Reference, first_at,
};

use super::NAME;
use super::item::Item;
use crate::meaning::{Without, fact, ignored, is_name, unusable};
use crate::minor;

#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) item: Item<'a>,
    pub(super) book: &'a str,
    /// Whether the merchant's payments are captured with their authorisation, of which Adyen says nothing more.
    pub(super) auto_capture: bool,
}

impl<'a> Told<'a> {
    /// Adyen's own rule: a notification is repeated under the same code and reference; its success may be corrected.
    pub(super) fn key(self) -> Result<String, Without> {
        let psp = self.psp()?;
        Ok(format!("{}:{psp}:{}", self.item.code(), self.item.succeeded()))
    }

    pub(super) fn facts(self) -> Result<Vec<Fact>, Without> {
        use Operation::{Authorize, Capture, Expire, Refund, Void};
        use Outcome::{Failed, Pending, Succeeded};
        let succeeded = self.item.succeeded();
        let by_success = if succeeded { Succeeded } else { Failed };
        let fact = match self.item.code() {
            "AUTHORISATION" if !succeeded => self.attempt(Failed),
            "AUTHORISATION" if self.auto_capture => self.moved(Capture, Succeeded),
            "AUTHORISATION" => self.moved(Authorize, Succeeded),
            "PENDING" => self.attempt(Pending),
            // Valid, not settled: CAPTURE_FAILED can follow days later, under the same reference.
            "CAPTURE" => self.moved(Capture, by_success),
            "CAPTURE_FAILED" => self.moved(Capture, Failed),
            "REFUND" | "REFUND_WITH_DATA" => self.moved(Refund, by_success),
            "REFUND_FAILED" | "REFUNDED_REVERSED" => self.moved(Refund, Failed),
            code @ ("NOTIFICATION_OF_CHARGEBACK"
            | "REQUEST_FOR_INFORMATION"
            | "CHARGEBACK"
            | "CHARGEBACK_REVERSED"
            | "SECOND_CHARGEBACK"
            | "PREARBITRATION_WON"
            | "PREARBITRATION_LOST") => self.dispute(code),
            _ if !succeeded => ignored("a request that was refused changes nothing"),
            "AUTHORISATION_ADJUSTMENT" => {
                let fact = self.moved(Authorize, Succeeded)?;
                Ok(Fact { mode: Mode::Cumulative, ..fact })
            }
            "CANCELLATION" | "TECHNICAL_CANCEL" => self.ended(Void),
            "EXPIRE" | "OFFER_CLOSED" => self.ended(Expire),
            "CANCEL_OR_REFUND" => {
                match self.item.at("/additionalData/modification.action").text() {
                    Some("cancel") => self.ended(Void),
                    Some("refund") => self.moved(Refund, Succeeded),
                    Some(_) | None => unusable("the notification does not tell what was done"),
                }
            }
            code => ignored(format!("{code} says nothing about an order")),
        };
        fact.map(|fact| vec![fact])
    }

    /// The merchant's order, and the payment.
    pub(super) fn references(self, order_ref: &str) -> Result<Vec<Reference>, Without> {
        let merchant = match self.item.at(order_ref).decimal() {
            Some(name) if is_name(name) => Some(Reference::order(name)),
            Some("") | None => None,
            Some(_) => return unusable(format!("{order_ref} is no name of an order")),
        };
        let payment = Reference::foreign(NAME, "payment", self.account(), self.payment()?);
        Ok(merchant.into_iter().chain([payment]).collect())
    }

    fn psp(self) -> Result<&'a str, Without> {
        self.item
            .reference("pspReference")
            .map_or_else(|| unusable("the notification has no reference"), Ok)
    }

    /// A modification names the payment that it modifies.
    fn payment(self) -> Result<&'a str, Without> {
        self.item
            .reference("originalReference")
            .map_or_else(|| self.psp(), Ok)
    }

    fn account(self) -> &'a str {
        self.item.account().unwrap_or_default()
    }

    fn op_ref(self, psp: &str) -> String {
        format!("{NAME}:{}:{psp}", self.account())
    }

    fn ended(self, op: Operation) -> Result<Fact, Without> {
        Ok(Fact {
            group: Some(self.op_ref(self.payment()?)),
            ..fact(self.book, op, self.op_ref(self.psp()?), Outcome::Succeeded)
        })
    }

    fn moved(self, op: Operation, outcome: Outcome) -> Result<Fact, Without> {
        let reason = if outcome == Outcome::Failed { self.item.reason() } else { None };
        Ok(Fact { amount: Some(self.amount()?), outcome, reason, ..self.ended(op)? })
    }

    /// One try at the payment; a success under the same reference is another operation.
    fn attempt(self, outcome: Outcome) -> Result<Fact, Without> {
        let attempt = self.ended(Operation::Capture)?;
        let op_ref = format!("{}#attempt", attempt.op_ref);
        Ok(Fact { op_ref, outcome, reason: self.item.reason(), ..attempt })
    }

    /// A dispute moves back too, so its time decides, then its stage.
    fn dispute(self, code: &str) -> Result<Fact, Without> {
        let outcome = match code {
            "REQUEST_FOR_INFORMATION" => Outcome::Requested,
            "NOTIFICATION_OF_CHARGEBACK" => Outcome::Pending,
            "CHARGEBACK_REVERSED" | "PREARBITRATION_WON" => Outcome::Won,
            // The money is gone until it is reversed.
            _ => Outcome::Lost,
        };
        let first = self.item.occurred_at().map_or(0, |time| first_at(time.at));
        let dispute = self.moved(Operation::Dispute, outcome)?;
        Ok(Fact { first, reason: self.item.reason(), ..dispute })
    }

    fn amount(self) -> Result<Money, Without> {
        let Some(value) = self.item.at("/amount/value").integer() else {
            return unusable("the amount is no integer");
        };
        let Some(currency) = self.item.at("/amount/currency").text() else {
            return unusable("the notification has no currency");
        };
        minor::money(value, currency, places)
    }
}

/// Adyen counts as ISO 4217 does, but for four currencies.
fn places(currency: Currency) -> u8 {
    match currency.code() {
        "CLP" | "ISK" => 2,
        "CVE" | "IDR" => 0,
        _ => currency.exponent(),
    }
}
