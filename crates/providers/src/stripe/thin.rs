//! Thin events (`v2.core.event`) name an object and nothing else.

use waybill_common::domain::{Hint, OccurredAt, Origin, Precision, Reference, Timestamp};

use super::NAME;
use crate::json::Json;
use crate::meaning::{Without, ignored, is_id, unusable};

/// When the event happened, as RFC 3339.
pub(super) fn occurred_at(body: &Json<'_>) -> Result<OccurredAt, Without> {
    let time = body
        .at("created")
        .text()
        .and_then(|text| Timestamp::parse(text).ok());
    match time {
        Some(at) => Ok(OccurredAt { at, precision: Precision::Ms, origin: Origin::Event }),
        None => unusable("the event does not tell when it happened"),
    }
}

/// The payment that must be asked for.
pub(super) fn hint(
    body: &Json<'_>,
    account: &str,
    at: Timestamp,
) -> Result<(Reference, Hint), Without> {
    let related = body.at("related_object");
    let object = match related.at("type").text() {
        Some("payment_intent") => "payment_intent",
        Some("charge") => "charge",
        Some("checkout.session") => "checkout_session",
        Some(_) | None => return ignored("a thin event about an object that is no payment"),
    };
    match related.at("id").text() {
        Some(id) if is_id(id) => {
            let reference = Reference::foreign(NAME, object, account, id);
            // As operations are named, so that any later word about the payment answers it.
            let hint = Hint { object: format!("{NAME}:{account}:{id}"), at };
            Ok((reference, hint))
        }
        Some(_) | None => unusable("the related object has no id"),
    }
}
