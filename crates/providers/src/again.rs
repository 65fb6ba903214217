//! Understanding again what is stored of an event, with its adapter as it is today.

use waybill_common::domain::envelope::Envelope;
use waybill_common::domain::{Hint, Timestamp};

use crate::{Adapter, Headers, Parsed, Request, Verified};

/// Kept with what a provider's API answered, in the place of a webhook's headers: it is no webhook, and only with the hint
/// that it answers can it be understood again.
const FETCHED: &str = "waybill-fetched";

/// What is kept with the answer to a hint.
#[must_use]
pub fn kept(hint: &Hint) -> (String, String) {
    (FETCHED.to_owned(), format!("{}@{}", hint.object, hint.at.micros()))
}

/// The stored event as the adapter understands it today; absent where it understands nothing.
#[must_use]
pub fn parse(adapter: &dyn Adapter, stored: &Envelope) -> Option<Parsed> {
    if let Some(hint) = stored.headers.get(FETCHED) {
        return adapter
            .answered(&hint_of(hint)?, &stored.body, stored.event.occurred_at.at)
            .ok();
    }
    let headers: Headers<'_> = stored
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let request = Request { headers, query: "", body: &stored.body };
    // It was believed when it came; what it was believed by is not kept.
    let verified = Verified::by(stored.event.trust, None);
    let events = adapter
        .parse(&request, &verified, stored.received_at)
        .ok()?;
    same(events, stored)
}

/// Of a batch the event with the same key; a single event is it, for today's adapter may name it better.
fn same(mut events: Vec<Parsed>, stored: &Envelope) -> Option<Parsed> {
    if events.len() == 1 {
        return events.pop();
    }
    let key = Some(&stored.event.dedup_key);
    events
        .into_iter()
        .find(|event| event.dedup_key.as_ref() == key)
}

fn hint_of(kept: &str) -> Option<Hint> {
    let (object, micros) = kept.rsplit_once('@')?;
    let at = Timestamp::from_micros(micros.parse().ok()?).ok()?;
    Some(Hint { object: object.to_owned(), at })
}
