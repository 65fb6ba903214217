//! `checkout.session.*`: the hosted page around a payment. Completed is not paid.

use waybill_common::domain::{Fact, Operation, Outcome};

use super::object::Told;
use crate::meaning::{Without, ignored, unusable};

pub(super) fn facts(told: Told<'_>) -> Result<Vec<Fact>, Without> {
    if told.object.at("mode").text() == Some("setup") {
        return ignored("a session that only keeps a payment method says nothing about an order");
    }
    let fact = match told.action() {
        "completed" => completed(told),
        "async_payment_succeeded" => told.moved(Operation::Capture, "amount_total"),
        "async_payment_failed" => told.attempt(Outcome::Failed),
        // With a group: the page ended, and with it its payment; the order may be paid by another.
        "expired" => told.fact(Operation::Expire, told.op_ref(told.id()?), Outcome::Succeeded),
        _ => told.says_nothing(),
    };
    fact.map(|fact| vec![fact])
}

fn completed(told: Told<'_>) -> Result<Fact, Without> {
    match told.object.at("payment_status").text() {
        Some("paid") => told.moved(Operation::Capture, "amount_total"),
        Some("unpaid") => told.attempt(Outcome::Pending),
        Some("no_payment_required") => {
            told.fact(Operation::Place, told.op_ref(told.id()?), Outcome::Succeeded)
        }
        Some(_) | None => unusable("the session's payment status is not known"),
    }
}
