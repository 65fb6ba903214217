//! Mollie's classic webhooks: the id of a payment and nothing else, from anyone. They are hints, which the provider must
//! confirm.
//!
//! Rules: PROVIDERS.md, sections 2.11 and 3.

use waybill_common::config::Secret;
use waybill_common::domain::{Effect, Hint, Reference, Timestamp, Trust};

use crate::meaning::is_id;
use crate::mollie::fetched::{self, Reader};
use crate::registry::Provider;
use crate::setup::Setup;
use crate::{
    Adapter, Message, ParseError, Parsed, Question, Request, SetupError, SignatureError, Verified,
    credential, form, mollie,
};

const NAME: &str = "mollie-classic";

pub(crate) const PROVIDER: Provider = Provider { name: NAME, build, scenarios: &[] };

struct MollieClassic {
    /// Tokens that must stand in the URL given to Mollie; none where anyone may hint.
    tokens: Vec<Secret>,
    reader: Reader,
}

fn build(setup: Setup<'_>) -> Result<Box<dyn Adapter>, SetupError> {
    setup.uses_only(&["tokens", "live", "order_ref", "api_key"])?;
    let tokens = setup.source.tokens.clone();
    Ok(Box::new(MollieClassic { tokens, reader: mollie::reader(setup) }))
}

impl Adapter for MollieClassic {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn media_types(&self) -> &'static [&'static str] {
        &["application/x-www-form-urlencoded"]
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        if self.tokens.is_empty() {
            return Ok(Verified::by(Trust::Unsigned, None));
        }
        credential::by_query(&self.tokens, request, now)
    }

    fn parse(
        &self,
        request: &Request<'_>,
        verified: &Verified,
        now: Timestamp,
    ) -> Result<Vec<Parsed>, ParseError> {
        let id = form::field(request.body, "id")
            .filter(|id| is_id(id))
            .ok_or_else(|| ParseError::Malformed("the form must have one id".into()))?;
        // The same name as in Mollie's signed events, so that both find one order.
        let kind = if id.starts_with("ord_") { "order" } else { "payment" };
        let reference = Reference::foreign("mollie", kind, "", &id);
        let hint = Hint { object: format!("mollie::{id}"), at: now };
        Ok(vec![Parsed {
            native_type: kind.to_owned(),
            order_refs: vec![reference],
            effect: Effect::Hint { hint },
            ..Parsed::of(request, verified, now)
        }])
    }

    fn question(&self, object: &str) -> Option<Question> {
        fetched::question(object)
    }

    fn answered(&self, hint: &Hint, body: &[u8], at: Timestamp) -> Result<Parsed, ParseError> {
        self.reader.answered(hint, body, at)
    }

    fn sign(&self, message: Message, _now: Timestamp) -> Message {
        message
    }
}
