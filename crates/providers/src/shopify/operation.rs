//! What was done to an order: transactions, refunds, parcels, disputes.

use waybill_common::domain::{Fact, Operation, Origin, Outcome, first_at};

use super::op_ref;
use crate::json::Json;
use crate::meaning::{Without, fact, ignored, unusable};
use crate::{minor, time};

/// `order_transactions/create`: a transaction is over when it is told.
pub(super) fn transaction(body: &Json<'_>, book: &str) -> Result<Vec<Fact>, Without> {
    let op = match body.at("kind").text() {
        Some("authorization") => Operation::Authorize,
        Some("sale" | "capture") => Operation::Capture,
        Some("void") => Operation::Void,
        Some("refund") => Operation::Refund,
        Some(_) | None => return ignored("a transaction of another kind moves no money"),
    };
    let outcome = match body.at("status").text() {
        Some("success") => Outcome::Succeeded,
        Some("failure" | "error") => Outcome::Failed,
        Some("pending") => Outcome::Pending,
        Some(_) | None => return unusable("the transaction's status is not known"),
    };
    told(body, op, outcome, book).map(|fact| vec![fact])
}

/// `refunds/create`: a refund is told whether or not money moved; its transactions say.
pub(super) fn refunds(body: &Json<'_>, book: &str) -> Result<Vec<Fact>, Without> {
    let facts: Vec<_> = succeeded_refunds(body)
        .map(|transaction| told(transaction, Operation::Refund, Outcome::Succeeded, book))
        .collect::<Result<_, _>>()?;
    if facts.is_empty() { ignored("a refund that moved no money") } else { Ok(facts) }
}

/// The transactions of a refund that moved money.
pub(super) fn succeeded_refunds<'a, 'b>(
    refund: &'a Json<'b>,
) -> impl Iterator<Item = &'a Json<'b>> {
    refund
        .at("transactions")
        .items()
        .iter()
        .filter(|transaction| {
            transaction.at("kind").text() == Some("refund")
                && transaction.at("status").text() == Some("success")
        })
}

/// One transaction. Its group is the transaction that it builds on.
fn told(
    transaction: &Json<'_>,
    op: Operation,
    outcome: Outcome,
    book: &str,
) -> Result<Fact, Without> {
    let id = id_of(transaction)?;
    let group = transaction.at("parent_id").id().unwrap_or(id);
    let currency = transaction.at("currency").text();
    let amount = minor::decimal(transaction.at("amount").decimal(), currency)?;
    Ok(Fact {
        group: Some(op_ref(group)),
        amount: Some(amount),
        ..fact(book, op, op_ref(id), outcome)
    })
}

/// `fulfillments/*`: one parcel.
pub(super) fn fulfilment(body: &Json<'_>, book: &str) -> Result<Vec<Fact>, Without> {
    let outcome = match body.at("status").text() {
        Some("success") => Outcome::Succeeded,
        Some("pending" | "open") => Outcome::Pending,
        Some("cancelled" | "error" | "failure") => Outcome::Failed,
        Some(_) | None => return unusable("the fulfilment's status is not known"),
    };
    let parcel = op_ref(id_of(body)?);
    let mut facts = vec![fact(book, Operation::Fulfil, parcel.clone(), outcome)];
    if body.at("shipment_status").text() == Some("delivered") {
        facts.push(fact(book, Operation::Deliver, parcel, Outcome::Succeeded));
    }
    Ok(facts)
}

/// `disputes/*`: an inquiry takes no money yet. The body tells only when it began and when it was over.
pub(super) fn dispute(body: &Json<'_>, book: &str) -> Result<Vec<Fact>, Without> {
    let inquiry = body.at("type").text() == Some("inquiry");
    let outcome = match body.at("status").text() {
        Some("needs_response" | "under_review") if inquiry => Outcome::Requested,
        Some("needs_response" | "under_review") => Outcome::Pending,
        Some("won" | "charge_refunded") => Outcome::Won,
        Some("lost" | "accepted") => Outcome::Lost,
        Some(_) | None => return unusable("the dispute's status is not known"),
    };
    let first = ["finalized_on", "initiated_at"]
        .into_iter()
        .find_map(|key| time::rfc3339(body.at(key), Origin::Object))
        .map_or(0, |time| first_at(time.at));
    let amount = minor::decimal(body.at("amount").decimal(), body.at("currency").text())?;
    Ok(vec![Fact {
        amount: Some(amount),
        first,
        ..fact(book, Operation::Dispute, op_ref(id_of(body)?), outcome)
    }])
}

fn id_of<'a>(object: &'a Json<'_>) -> Result<&'a str, Without> {
    object
        .at("id")
        .id()
        .map_or_else(|| unusable("the object has no id"), Ok)
}
