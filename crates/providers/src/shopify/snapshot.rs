//! `orders/*`: the whole order, as it was when the event happened. Stale ones come hours later.

use waybill_common::domain::{
    Effect, Fulfilment, Lifecycle, Money, Origin, Payment, Snapshot, first_at,
};

use super::NAME;
use crate::json::Json;
use crate::meaning::{Without, snapshot, unusable};
use crate::{minor, time};

/// The order's own state. What only says nothing yet (open, unfulfilled) is left out.
pub(super) fn order(body: &Json<'_>, book: &str) -> Result<Effect, Without> {
    let Some(updated) = time::rfc3339(body.at("updated_at"), Origin::Object) else {
        return unusable("the order does not tell when it was updated");
    };
    let said = snapshot(object(body)?, book, first_at(updated.at));
    let currency = body.at("currency").text();
    Ok(Effect::Snapshot {
        snapshot: Snapshot {
            lifecycle: lifecycle(body),
            payment: payment(body)?,
            fulfilment: fulfilment(body),
            total: Some(minor::decimal(body.at("total_price").decimal(), currency)?),
            refunded: refunded(body, currency)?,
            ..said
        },
        facts: Vec::new(),
    })
}

/// The body is the order's id alone, so there is no time: a later word lifts it.
pub(super) fn deleted(body: &Json<'_>, book: &str) -> Result<Effect, Without> {
    if body.object().is_none_or(|members| members.len() > 1) {
        return unusable("a deleted order has nothing but an id");
    }
    let said = snapshot(object(body)?, book, 0);
    Ok(Effect::Snapshot { snapshot: Snapshot { deleted: Some(true), ..said }, facts: Vec::new() })
}

fn object(body: &Json<'_>) -> Result<String, Without> {
    match body.at("id").id() {
        Some(id) => Ok(format!("{NAME}.order::{id}")),
        None => unusable("the order has no id"),
    }
}

fn lifecycle(body: &Json<'_>) -> Option<Lifecycle> {
    if !body.at("cancelled_at").is_null() {
        Some(Lifecycle::Cancelled)
    } else if !body.at("closed_at").is_null() {
        Some(Lifecycle::Closed)
    } else {
        None
    }
}

fn payment(body: &Json<'_>) -> Result<Option<Payment>, Without> {
    match body.at("financial_status").text() {
        Some("pending") => Ok(Some(Payment::Unpaid)),
        Some("authorized") => Ok(Some(Payment::Authorized)),
        Some("partially_paid") => Ok(Some(Payment::PartiallyPaid)),
        Some("paid") => Ok(Some(Payment::Paid)),
        Some("partially_refunded") => Ok(Some(Payment::PartiallyRefunded)),
        Some("refunded") => Ok(Some(Payment::Refunded)),
        Some("voided" | "expired") => Ok(Some(Payment::Voided)),
        None if body.at("financial_status").is_null() => Ok(None),
        Some(_) | None => unusable("the financial status is not known"),
    }
}

fn fulfilment(body: &Json<'_>) -> Option<Fulfilment> {
    match body.at("fulfillment_status").text() {
        Some("partial") => Some(Fulfilment::Partial),
        Some("fulfilled") => Some(Fulfilment::Fulfilled),
        Some("restocked") => Some(Fulfilment::Returned),
        Some(_) | None => None,
    }
}

/// What went back, by the transactions of the refunds that the order lists.
fn refunded(body: &Json<'_>, currency: Option<&str>) -> Result<Option<Money>, Without> {
    let mut sum: Option<Money> = None;
    for refund in body.at("refunds").items() {
        for transaction in super::operation::succeeded_refunds(refund) {
            let currency = transaction.at("currency").text().or(currency);
            let amount = minor::decimal(transaction.at("amount").decimal(), currency)?;
            sum = Some(minor::sum(sum, amount)?);
        }
    }
    Ok(sum)
}
