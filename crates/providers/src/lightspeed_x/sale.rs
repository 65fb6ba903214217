//! A sale of the till.

use waybill_common::domain::{
    Currency, Effect, Fact, Fulfilment, INTEGER_MAX, Lifecycle, Money, Operation, Outcome, Payment,
    Reference, Snapshot,
};

use super::NAME;
use crate::json::Json;
use crate::meaning::{Without, fact, ignored, is_name, snapshot, unusable};
use crate::minor;

#[derive(Clone, Copy)]
pub(super) struct Sale<'a> {
    pub(super) body: &'a Json<'a>,
    pub(super) currency: Currency,
    pub(super) book: &'a str,
    pub(super) account: &'a str,
}

impl Sale<'_> {
    pub(super) fn effect(self, id: &str, version: i64) -> Result<Effect, Without> {
        let first = version.clamp(0, INTEGER_MAX);
        let total = self.total()?;
        if total.minor() < 0 {
            return self.returned(id, first, total);
        }
        let object = Reference::foreign(NAME, "sale", self.account, id).name;
        let state = self.state()?;
        let said = snapshot(object, self.book, first);
        Ok(Effect::Snapshot {
            snapshot: Snapshot { total: Some(total), ..self.in_state(state, said)? },
            facts: Vec::new(),
        })
    }

    /// A return is a sale of its own with negative amounts; it may say which sale it undoes.
    fn returned(self, id: &str, first: i64, total: Money) -> Result<Effect, Without> {
        if self.original().is_none() {
            return ignored("a return that names no sale says nothing about an order");
        }
        if !matches!(self.state()?, State::Closed | State::Dispatched) {
            return ignored("a return that is not closed moved no money yet");
        }
        let Ok(amount) = Money::from_minor(-total.minor(), total.currency()) else {
            return unusable("an amount is larger than can be kept exactly");
        };
        let op_ref = format!("{NAME}:{}:{id}", self.account);
        let refund = fact(self.book, Operation::Refund, op_ref, Outcome::Succeeded);
        Ok(Effect::Facts { facts: vec![Fact { amount: Some(amount), first, ..refund }] })
    }

    pub(super) fn references(self, id: &str, order_ref: &str) -> Result<Vec<Reference>, Without> {
        if let (Some(original), true) = (self.original(), self.total()?.minor() < 0) {
            return Ok(vec![Reference::foreign(NAME, "sale", self.account, original)]);
        }
        let merchant = match self.body.pointer(order_ref).decimal() {
            Some(name) if is_name(name) => Some(Reference::order(name)),
            Some(_) => return unusable(format!("{order_ref} is no name of an order")),
            None => None,
        };
        let sale = Reference::foreign(NAME, "sale", self.account, id);
        Ok(merchant.into_iter().chain([sale]).collect())
    }

    fn original(&self) -> Option<&str> {
        self.body.at("return_for").id()
    }

    fn state(self) -> Result<State, Without> {
        match self.body.at("status").text() {
            Some("SAVED") => Ok(State::Saved),
            Some("ONACCOUNT" | "LAYBY") => Ok(State::OnAccount),
            Some("CLOSED" | "ONACCOUNT_CLOSED" | "LAYBY_CLOSED") => Ok(State::Closed),
            Some("AWAITING_DISPATCH" | "AWAITING_PICKUP") => Ok(State::Awaiting),
            Some("DISPATCHED_CLOSED" | "PICKED_UP_CLOSED") => Ok(State::Dispatched),
            Some("VOIDED") => Ok(State::Voided),
            Some(_) | None => unusable("the sale's status is not known"),
        }
    }

    /// A sale that is saved or voided lists payments too, which count for nothing.
    fn in_state(self, state: State, said: Snapshot) -> Result<Snapshot, Without> {
        let paid = self.paid()?;
        let nothing = Money::from_minor(0, self.currency).ok();
        let closed = Snapshot { captured: paid, payment: Some(Payment::Paid), ..said.clone() };
        Ok(match state {
            State::Saved => Snapshot { payment: Some(Payment::Unpaid), ..said },
            State::OnAccount => Snapshot {
                payment: Some(match paid {
                    Some(paid) if paid.minor() > 0 => Payment::PartiallyPaid,
                    Some(_) | None => Payment::Authorized,
                }),
                captured: paid,
                ..said
            },
            State::Awaiting => closed,
            State::Closed => Snapshot { lifecycle: Some(Lifecycle::Closed), ..closed },
            State::Dispatched => Snapshot {
                lifecycle: Some(Lifecycle::Closed),
                fulfilment: Some(Fulfilment::Fulfilled),
                ..closed
            },
            State::Voided => Snapshot {
                lifecycle: Some(Lifecycle::Cancelled),
                payment: Some(Payment::Voided),
                captured: nothing,
                ..said
            },
        })
    }

    fn total(self) -> Result<Money, Without> {
        let totals = self.body.at("totals");
        let price = self.amount(totals.at("total_price"))?;
        let tax = totals.at("total_tax");
        let tax = if tax.is_null() { None } else { Some(self.amount(tax)?) };
        minor::sum(tax, price)
    }

    fn paid(self) -> Result<Option<Money>, Without> {
        let mut sum = None;
        for payment in self.body.at("register_sale_payments").items() {
            sum = Some(minor::sum(sum, self.amount(payment.at("amount"))?)?);
        }
        Ok(sum.filter(|paid| paid.minor() >= 0))
    }

    /// May be negative, in a return.
    fn amount(self, value: &Json<'_>) -> Result<Money, Without> {
        let Some(digits) = value.decimal() else { return unusable("an amount is missing") };
        Money::from_decimal(digits, self.currency)
            .or_else(|why| unusable(format!("an amount {why}")))
    }
}

#[derive(Clone, Copy)]
enum State {
    Saved,
    OnAccount,
    Awaiting,
    Closed,
    Dispatched,
    Voided,
}
