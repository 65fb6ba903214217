//! What Stripe's API says of an object that a thin event named: the same object that snapshots carry, without an event
//! around it. Its status tells which event it would have been.

use waybill_common::domain::Fact;

use super::NAME;
use super::object::Told;
use crate::json::Json;
use crate::meaning::{Without, ignored, is_id, unusable};
use crate::question::Question;

const API: &str = "https://api.stripe.com/v1";

/// Account and id in a hint's name of an object.
pub(super) fn named(object: &str) -> Option<(&str, &str)> {
    let (account, id) = object
        .strip_prefix(NAME)?
        .strip_prefix(':')?
        .split_once(':')?;
    (is_id(id) && (account.is_empty() || is_id(account))).then_some((account, id))
}

pub(super) fn question(object: &str) -> Option<Question> {
    let (account, id) = named(object)?;
    let address = match id.split('_').next()? {
        // With its charge, which knows what was given back.
        "pi" => format!("{API}/payment_intents/{id}?expand[]=latest_charge"),
        "ch" | "py" => format!("{API}/charges/{id}"),
        "cs" => format!("{API}/checkout/sessions/{id}"),
        _ => return None,
    };
    let mut question = Question::new(address);
    if !account.is_empty() {
        question
            .headers
            .push(("stripe-account", account.to_owned()));
    }
    Some(question)
}

/// The event that would have told of the object as it is now.
pub(super) fn native_type(object: &Json<'_>) -> Result<&'static str, Without> {
    let status = object.at("status").text().unwrap_or_default();
    let failed = !object.at("last_payment_error").is_null();
    let captured = object.at("captured").bool() == Some(true);
    match (object.at("object").text().unwrap_or_default(), status) {
        ("payment_intent", "requires_payment_method") if failed => {
            Ok("payment_intent.payment_failed")
        }
        ("payment_intent", "requires_payment_method" | "requires_confirmation") => {
            Ok("payment_intent.created")
        }
        ("payment_intent", "requires_action") => Ok("payment_intent.requires_action"),
        ("payment_intent", "processing") => Ok("payment_intent.processing"),
        ("payment_intent", "requires_capture") => Ok("payment_intent.amount_capturable_updated"),
        ("payment_intent", "succeeded") => Ok("payment_intent.succeeded"),
        ("payment_intent", "canceled") => Ok("payment_intent.canceled"),
        ("charge", "succeeded") if captured => Ok("charge.updated"),
        ("charge", "succeeded") => Ok("charge.succeeded"),
        ("charge", "pending") => Ok("charge.pending"),
        ("charge", "failed") => Ok("charge.failed"),
        ("checkout.session", "complete") => Ok("checkout.session.completed"),
        ("checkout.session", "expired") => Ok("checkout.session.expired"),
        ("checkout.session", "open") => ignored("nobody has paid in the session yet"),
        _ => unusable("the object's status is not known"),
    }
}

/// What the object says, and the charge that came with it.
pub(super) fn facts(told: Told<'_>) -> Result<Vec<Fact>, Without> {
    let mut facts = told.facts()?;
    let charge = told.object.at("latest_charge");
    if charge.at("object").text() == Some("charge") {
        let native_type = native_type(charge)?;
        match (Told { native_type, object: charge, ..told }).facts() {
            Ok(more) => facts.extend(more),
            Err(Without::Ignored(_)) => {}
            Err(without) => return Err(without),
        }
    }
    Ok(facts)
}
