//! `charge.*`: one try at a payment, and what was captured and refunded of it.

use waybill_common::domain::{Fact, Mode, Operation, Outcome};

use super::object::Told;
use crate::meaning::Without;

pub(super) fn facts(told: Told<'_>) -> Result<Vec<Fact>, Without> {
    let fact = match told.action() {
        "succeeded" if is_captured(told) => captured(told),
        "succeeded" => told.moved(Operation::Authorize, "amount"),
        "captured" => captured(told),
        "refunded" => refunded(told),
        "pending" => told.attempt(Outcome::Pending),
        "failed" => told
            .attempt(Outcome::Failed)
            .map(|fact| Fact { reason: told.reason("/failure_code"), ..fact }),
        // With a group: it ends this payment, not the order.
        "expired" => told.fact(Operation::Expire, told.op_ref(told.id()?), Outcome::Succeeded),
        "updated" => return updated(told),
        _ => told.says_nothing(),
    };
    fact.map(|fact| vec![fact])
}

fn is_captured(told: Told<'_>) -> bool {
    told.object.at("captured").bool() == Some(true)
}

fn captured(told: Told<'_>) -> Result<Fact, Without> {
    // Absent in old API versions, where a charge was captured whole.
    let key =
        if told.object.at("amount_captured").is_null() { "amount" } else { "amount_captured" };
    told.moved(Operation::Capture, key)
}

/// What was given back of the charge in all, partial refunds too.
fn refunded(told: Told<'_>) -> Result<Fact, Without> {
    let fact = told.fact(Operation::Refund, told.op_ref(told.id()?), Outcome::Succeeded)?;
    Ok(Fact { amount: Some(told.money("amount_refunded")?), mode: Mode::Cumulative, ..fact })
}

/// Sent for changes of any field. Only money is told again: a state that is over must not come back with the time of
/// a changed description.
fn updated(told: Told<'_>) -> Result<Vec<Fact>, Without> {
    let mut facts = Vec::new();
    if is_captured(told) && told.object.at("status").text() == Some("succeeded") {
        facts.push(captured(told)?);
    }
    if told
        .object
        .at("amount_refunded")
        .integer()
        .is_some_and(|amount| amount > 0)
    {
        facts.push(refunded(told)?);
    }
    if facts.is_empty() { told.says_nothing() } else { Ok(facts) }
}
