//! What Mollie's API says of a payment that a webhook named.

use waybill_common::domain::{Fact, Hint, Mode, Operation, Outcome, Timestamp};

use super::NAME;
use super::entity::Told;
use crate::json::Json;
use crate::meaning::{Without, ignored, is_id};
use crate::question::{self, Question};
use crate::{ParseError, Parsed};

const API: &str = "https://api.mollie.com/v2";

/// How a source reads what it is answered.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub(crate) live: bool,
    pub(crate) order_ref: String,
    pub(crate) book: String,
}

/// Only payments can be asked about by their id alone.
pub(crate) fn question(object: &str) -> Option<Question> {
    let id = payment(object)?;
    Some(Question::new(format!("{API}/payments/{id}")))
}

fn payment(object: &str) -> Option<&str> {
    object
        .strip_prefix(NAME)?
        .strip_prefix("::")
        .filter(|id| is_id(id) && id.starts_with("tr_"))
}

impl Reader {
    pub(crate) fn answered(
        &self,
        hint: &Hint,
        body: &[u8],
        at: Timestamp,
    ) -> Result<Parsed, ParseError> {
        let entity = question::object(body, payment(&hint.object).unwrap_or_default())?;
        let event = question::answer(hint, body, at);
        Ok(event.filled(|event| self.fill(event, hint, &entity)))
    }

    fn fill(&self, event: &mut Parsed, hint: &Hint, entity: &Json<'_>) -> Result<(), Without> {
        self.is_ours(entity)?;
        let at = event.occurred_at.at;
        let told = Told { native_type: "payment.fetched", at, book: &self.book, entity };
        let mut facts = told.facts()?;
        facts.extend(charged_back(told, &facts)?);
        event.order_refs = told.references(&self.order_ref)?;
        event.effect = question::state(hint, &self.book, facts);
        Ok(())
    }

    pub(super) fn is_ours(&self, entity: &Json<'_>) -> Result<(), Without> {
        match entity.at("mode").text() {
            Some(mode) if (mode == "live") != self.live => {
                ignored("an event of the other mode, test or live")
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// What the payment's chargebacks took in all; nothing once they are reversed.
fn charged_back(told: Told<'_>, facts: &[Fact]) -> Result<Option<Fact>, Without> {
    if told.entity.at("amountChargedBack").is_null() {
        return Ok(None);
    }
    let amount = told.money("amountChargedBack")?;
    let outcome = if amount.minor() > 0 { Outcome::Lost } else { Outcome::Won };
    Ok(facts.first().map(|payment| Fact {
        op: Operation::Dispute,
        outcome,
        amount: Some(amount),
        mode: Mode::Cumulative,
        ..payment.clone()
    }))
}
