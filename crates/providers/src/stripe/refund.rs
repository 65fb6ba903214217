//! A refund, whatever the type of the event that carries it: its status says how far it is. It can fail after it
//! succeeded.

use waybill_common::domain::{Fact, Operation, Outcome};

use super::object::Told;
use crate::meaning::{Without, unusable};

pub(super) fn facts(told: Told<'_>) -> Result<Vec<Fact>, Without> {
    let outcome = match told.object.at("status").text() {
        Some("requires_action") => Outcome::Requested,
        Some("pending") => Outcome::Pending,
        Some("succeeded") => Outcome::Succeeded,
        Some("failed" | "canceled") => Outcome::Failed,
        // Stripe allows null, before the first attempt.
        None if told.object.at("status").is_null() => Outcome::Pending,
        Some(_) | None => return unusable("the refund's status is not known"),
    };
    let fact = told.fact(Operation::Refund, told.op_ref(told.id()?), outcome)?;
    let reason = told
        .reason("/failure_reason")
        .or_else(|| told.reason("/reason"));
    Ok(vec![Fact { amount: Some(told.money("amount")?), reason, ..fact }])
}
