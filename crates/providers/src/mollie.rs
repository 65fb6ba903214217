//! Mollie, next generation: signed events that carry their object, or only name it.
//!
//! Rules: PROVIDERS.md, sections 2.11 and 3. A request without signature is refused here: Mollie's own validators take
//! it for a classic webhook, which anyone can send.

mod entity;
pub(crate) mod fetched;
mod scenarios;

use waybill_common::config::Secret;
use waybill_common::domain::{Effect, Hint, Origin, Timestamp, Trust};

use crate::json::Json;
use crate::meaning::{Without, is_id, unusable};
use crate::registry::Provider;
use crate::setup::Setup;
use crate::{
    Adapter, Message, ParseError, Parsed, Question, Request, SetupError, SignatureError, Verified,
    credential, json, time,
};
use entity::Told;
use fetched::Reader;

const NAME: &str = "mollie";
const ORDER_REF: &str = "/metadata/order_id";
const HEADER: &str = "x-mollie-signature";

pub(crate) const PROVIDER: Provider =
    Provider { name: NAME, build, scenarios: &scenarios::SCENARIOS };

struct Mollie {
    secrets: Vec<Secret>,
    reader: Reader,
}

fn build(setup: Setup<'_>) -> Result<Box<dyn Adapter>, SetupError> {
    setup.uses_only(&["secrets", "live", "order_ref", "api_key"])?;
    Ok(Box::new(Mollie {
        secrets: setup.some("secrets", &setup.source.secrets)?,
        reader: reader(setup),
    }))
}

/// As every source of Mollie's reads its payments, however it hears of them.
pub(crate) fn reader(setup: Setup<'_>) -> Reader {
    Reader { live: setup.source.live, order_ref: setup.order_ref_or(ORDER_REF), book: setup.book() }
}

impl Adapter for Mollie {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        // The prefix may be missing, as in the official libraries.
        let claimed = credential::header(request, HEADER)
            .map(|value| value.strip_prefix("sha256=").unwrap_or(value));
        credential::one_signature(&self.secrets, now, claimed, |secret| {
            signature(secret, request.body)
        })
        .map(|secret| Verified::by(Trust::BodyOnly, Some(secret)))
    }

    fn parse(
        &self,
        request: &Request<'_>,
        verified: &Verified,
        now: Timestamp,
    ) -> Result<Vec<Parsed>, ParseError> {
        let body =
            json::parse(request.body).map_err(|why| ParseError::Malformed(why.to_string()))?;
        let mut event = Parsed::of(request, verified, now);
        event.dedup_key = body.at("id").id().map(str::to_owned);
        if let Some(native_type) = body.at("type").text().filter(|name| is_id(name)) {
            event.native_type = native_type.to_owned();
        }
        if let Some(at) = time::rfc3339(body.at("createdAt"), Origin::Event) {
            event.occurred_at = at;
        }
        Ok(vec![event.filled(|event| self.fill(event, &body))])
    }

    fn question(&self, object: &str) -> Option<Question> {
        fetched::question(object)
    }

    fn answered(&self, hint: &Hint, body: &[u8], at: Timestamp) -> Result<Parsed, ParseError> {
        self.reader.answered(hint, body, at)
    }

    fn sign(&self, message: Message, now: Timestamp) -> Message {
        let signature = signature(credential::signing(&self.secrets, now), &message.body);
        message.with(HEADER, format!("sha256={signature}"))
    }
}

impl Mollie {
    fn fill(&self, event: &mut Parsed, body: &Json<'_>) -> Result<(), Without> {
        if event.dedup_key.is_none() {
            return unusable("the event has no id");
        }
        let told = Told {
            native_type: &event.native_type,
            at: event.occurred_at.at,
            book: &self.reader.book,
            entity: body.pointer("/_embedded/entity"),
        };
        if told.entity.is_null() {
            let Some(id) = body.at("entityId").id() else {
                return unusable("the event names no object");
            };
            let (reference, object) = told.named(id)?;
            let hint = Hint { object, at: told.at };
            event.dedup_key = None;
            event.order_refs = vec![reference];
            event.effect = Effect::Hint { hint };
            return Ok(());
        }
        self.reader.is_ours(told.entity)?;
        let facts = told.facts()?;
        event.order_refs = told.references(&self.reader.order_ref)?;
        event.effect = Effect::Facts { facts };
        Ok(())
    }
}

fn signature(secret: &str, body: &[u8]) -> String {
    hex::encode(credential::hmac_sha256(secret.as_bytes(), &[body]))
}
