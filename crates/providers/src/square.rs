//! Square: signed events whose signature covers the public URL too.
//!
//! Rules: PROVIDERS.md, sections 2.10 and 3. The URL is configured, for behind a proxy the request's own is another.

mod object;
mod scenarios;

use waybill_common::config::Secret;
use waybill_common::domain::{Origin, Timestamp, Trust};

use crate::json::Json;
use crate::meaning::{Without, is_id, unusable};
use crate::registry::Provider;
use crate::setup::Setup;
use crate::{
    Adapter, Message, ParseError, Parsed, Request, SetupError, SignatureError, Verified,
    credential, json, time,
};
use object::Told;

const NAME: &str = "square";
const ORDER_REF: &str = "/order_id";
const HEADER: &str = "x-square-hmacsha256-signature";

pub(crate) const PROVIDER: Provider =
    Provider { name: NAME, build, scenarios: &scenarios::SCENARIOS };

struct Square {
    secrets: Vec<Secret>,
    url: String,
    order_ref: String,
    book: String,
}

fn build(setup: Setup<'_>) -> Result<Box<dyn Adapter>, SetupError> {
    setup.uses_only(&["secrets", "url", "order_ref"])?;
    let url = setup.source.url.as_deref().filter(|url| !url.is_empty());
    Ok(Box::new(Square {
        secrets: setup.some("secrets", &setup.source.secrets)?,
        url: url.ok_or_else(|| setup.missing("url"))?.to_owned(),
        order_ref: setup.order_ref_or(ORDER_REF),
        book: setup.book(),
    }))
}

impl Adapter for Square {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        let claimed = credential::header(request, HEADER);
        credential::one_signature(&self.secrets, now, claimed, |key| {
            self.signature(key, request.body)
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
        event.account = body.at("merchant_id").id().map(str::to_owned);
        event.dedup_key = body.at("event_id").id().map(str::to_owned);
        if let Some(native_type) = body.at("type").text().filter(|name| is_id(name)) {
            event.native_type = native_type.to_owned();
        }
        if let Some(at) = time::rfc3339(body.at("created_at"), Origin::Event) {
            event.occurred_at = at;
        }
        Ok(vec![event.filled(|event| self.fill(event, &body))])
    }

    fn sign(&self, message: Message, now: Timestamp) -> Message {
        let signature = self.signature(credential::signing(&self.secrets, now), &message.body);
        message.with(HEADER, signature)
    }
}

impl Square {
    fn fill(&self, event: &mut Parsed, body: &Json<'_>) -> Result<(), Without> {
        if event.dedup_key.is_none() {
            return unusable("the event has no id");
        }
        let told = Told {
            native_type: &event.native_type,
            account: event.account.as_deref().unwrap_or_default(),
            book: &self.book,
            objects: body.at("data").at("object"),
        };
        let effect = told.effect()?;
        event.order_refs = told.references(&self.order_ref)?;
        event.effect = effect;
        Ok(())
    }

    fn signature(&self, key: &str, body: &[u8]) -> String {
        credential::hmac_base64(key.as_bytes(), &[self.url.as_bytes(), body])
    }
}
