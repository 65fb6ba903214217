//! `charge.dispute.*`: by the dispute's status alone. `funds_withdrawn` comes at its opening and means no loss,
//! `closed` comes at its end and means no victory.

use waybill_common::domain::{Fact, Operation, Outcome, first_at};

use super::object::Told;
use crate::meaning::{Without, unusable};

pub(super) fn facts(told: Told<'_>) -> Result<Vec<Fact>, Without> {
    let outcome = match told.object.at("status").text() {
        Some("warning_needs_response" | "warning_under_review") => Outcome::Requested,
        Some("won" | "warning_closed" | "prevented" | "charge_refunded" | "appeal_won") => {
            Outcome::Won
        }
        Some("lost" | "appeal_lost") => Outcome::Lost,
        Some("needs_response" | "under_review") => Outcome::Pending,
        Some(status) if status.starts_with("appeal_") => Outcome::Pending,
        Some(_) | None => return unusable("the dispute's status is not known"),
    };
    let fact = told.fact(Operation::Dispute, told.op_ref(told.id()?), outcome)?;
    Ok(vec![Fact {
        amount: Some(told.money("amount")?),
        // A dispute moves back too: won on appeal, lost the second time.
        first: first_at(told.at),
        reason: told.reason("/reason"),
        ..fact
    }])
}
