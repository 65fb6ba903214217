//! `payment_intent.*`: a payment from its first try to its capture.

use waybill_common::domain::{Fact, Operation, Outcome};

use super::object::Told;
use crate::meaning::{Without, ignored};

pub(super) fn facts(told: Told<'_>) -> Result<Vec<Fact>, Without> {
    let fact = match told.action() {
        // A payment's object places an order without a total: only the merchant knows that.
        "created" => told.fact(Operation::Place, told.payment()?, Outcome::Succeeded),
        "requires_action" => told.attempt(Outcome::Requested),
        "processing" | "partially_funded" => told.attempt(Outcome::Pending),
        "amount_capturable_updated" => authorized(told),
        "succeeded" => told.moved(Operation::Capture, "amount_received"),
        "payment_failed" => told
            .attempt(Outcome::Failed)
            .map(|fact| Fact { reason: told.reason("/last_payment_error/code"), ..fact }),
        "canceled" => told
            .fact(Operation::Void, told.payment()?, Outcome::Succeeded)
            .map(|fact| Fact { reason: told.reason("/cancellation_reason"), ..fact }),
        _ => told.says_nothing(),
    };
    fact.map(|fact| vec![fact])
}

fn authorized(told: Told<'_>) -> Result<Fact, Without> {
    let fact = told.moved(Operation::Authorize, "amount_capturable")?;
    match fact.amount {
        Some(amount) if amount.minor() > 0 => Ok(fact),
        Some(_) | None => ignored("nothing can be captured any more, which says nothing new"),
    }
}
