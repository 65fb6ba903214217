//! The object that an event carries: by its kind it is known what the event says, by its links whose it is.

use waybill_common::domain::{
    Fact, Mode, Money, Operation, Outcome, Reference, Timestamp, first_at,
};

use super::{NAME, amount, charge, checkout, dispute, intent, refund};
use crate::json::Json;
use crate::meaning::{self, Without, ignored, is_id, is_name, unusable};

/// One event about one object.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) native_type: &'a str,
    pub(super) account: &'a str,
    pub(super) book: &'a str,
    pub(super) at: Timestamp,
    pub(super) object: &'a Json<'a>,
}

impl<'a> Told<'a> {
    /// What the event says. The object decides, not the type: `charge.refund.updated` carries a refund.
    pub(super) fn facts(self) -> Result<Vec<Fact>, Without> {
        match self.kind() {
            Some("payment_intent") => intent::facts(self),
            Some("charge") => charge::facts(self),
            Some("refund") => refund::facts(self),
            Some("dispute") => dispute::facts(self),
            Some("checkout.session") => checkout::facts(self),
            Some(_) => self.says_nothing(),
            None => unusable("the event carries no object"),
        }
    }

    pub(super) fn says_nothing<T>(self) -> Result<T, Without> {
        ignored(format!("{} says nothing about an order", self.native_type))
    }

    fn kind(self) -> Option<&'a str> {
        self.object.at("object").text()
    }

    /// The names of the order: the merchant's own first, then those of the payment's objects.
    pub(super) fn references(self, order_ref: &str) -> Result<Vec<Reference>, Without> {
        let merchant = self.order(order_ref)?.map(|id| Reference::order(&id));
        let own = |kind, object| {
            (self.kind() == Some(kind))
                .then(|| self.id().map(|id| (object, id)))
                .transpose()
        };
        let link = |key, object| self.link(key).map(|id| id.map(|id| (object, id)));
        // The intent stands first, because events are sorted by the first name and most objects carry the intent's.
        let foreign = [
            own("payment_intent", "payment_intent")?,
            link("payment_intent", "payment_intent")?,
            own("charge", "charge")?,
            link("charge", "charge")?,
            link("latest_charge", "charge")?,
            own("checkout.session", "checkout_session")?,
        ];
        let foreign = foreign
            .into_iter()
            .flatten()
            .map(|(object, id)| Reference::foreign(NAME, object, self.account, id));
        Ok(merchant.into_iter().chain(foreign).collect())
    }

    fn order(self, order_ref: &str) -> Result<Option<String>, Without> {
        match self.object.pointer(order_ref).decimal() {
            Some(name) if is_name(name) => Ok(Some(name.to_owned())),
            Some("") => Ok(None),
            None if self.object.pointer(order_ref).is_null() => Ok(None),
            Some(_) | None => unusable(format!("{order_ref} is no name of an order")),
        }
    }

    /// The object's own id.
    pub(super) fn id(self) -> Result<&'a str, Without> {
        match self.object.at("id").text() {
            Some(id) if is_id(id) => Ok(id),
            Some(_) | None => unusable("the object has no id"),
        }
    }

    /// The id of another object: bare, or expanded to the object itself.
    pub(super) fn link(self, key: &str) -> Result<Option<&'a str>, Without> {
        let value = self.object.at(key);
        if value.is_null() {
            return Ok(None);
        }
        match value.text().or(value.at("id").text()) {
            Some(id) if is_id(id) => Ok(Some(id)),
            Some(_) | None => unusable(format!("{key} is no id")),
        }
    }

    /// The payment that the object belongs to: its intent, else its charge, else itself.
    pub(super) fn payment(self) -> Result<String, Without> {
        let linked = match self.link("payment_intent")? {
            Some(intent) => Some(intent),
            None => self.link("charge")?,
        };
        linked
            .map_or_else(|| self.id(), Ok)
            .map(|id| self.op_ref(id))
    }

    pub(super) fn op_ref(self, id: &str) -> String {
        format!("{NAME}:{}:{id}", self.account)
    }

    /// A fact that only moves up the rank of outcomes, without amount.
    pub(super) fn fact(
        self,
        op: Operation,
        op_ref: String,
        outcome: Outcome,
    ) -> Result<Fact, Without> {
        Ok(Fact { group: Some(self.payment()?), ..meaning::fact(self.book, op, op_ref, outcome) })
    }

    /// One of the payment's attempts. They share a reference apart from its success, for an intent may fail and try
    /// again, and the later attempt counts.
    pub(super) fn attempt(self, outcome: Outcome) -> Result<Fact, Without> {
        let op_ref = format!("{}#attempt", self.payment()?);
        Ok(Fact { first: first_at(self.at), ..self.fact(Operation::Capture, op_ref, outcome)? })
    }

    /// What the payment has moved in all; told by several events, it is one operation.
    pub(super) fn moved(self, op: Operation, amount_key: &str) -> Result<Fact, Without> {
        let fact = self.fact(op, self.payment()?, Outcome::Succeeded)?;
        Ok(Fact { amount: Some(self.money(amount_key)?), mode: Mode::Cumulative, ..fact })
    }

    pub(super) fn money(self, key: &str) -> Result<Money, Without> {
        let Some(amount) = self.object.at(key).integer() else {
            return unusable(format!("{key} is no integer amount"));
        };
        let Some(currency) = self.object.at("currency").text() else {
            return unusable("the object has no currency");
        };
        amount::money(amount, currency)
    }

    /// A short word of the object's that says why.
    pub(super) fn reason(self, pointer: &str) -> Option<String> {
        self.object
            .pointer(pointer)
            .text()
            .filter(|word| is_name(word))
            .map(str::to_owned)
    }

    /// The last part of the type: what happened.
    pub(super) fn action(self) -> &'a str {
        self.native_type.rsplit('.').next().unwrap_or_default()
    }
}
