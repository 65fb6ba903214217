//! Stripe: signed snapshots of payment objects, in any order, sometimes twice.
//!
//! Rules: PROVIDERS.md, sections 2.3 and 3. The merchant's order is named by a field of the object (`order_ref`), which
//! refunds and disputes do not carry: they are found by their payment.

mod amount;
mod charge;
mod checkout;
mod dispute;
mod fetched;
mod intent;
mod object;
mod refund;
mod scenarios;
mod signature;
mod thin;

use waybill_common::config::Secret;
use waybill_common::domain::{Effect, Hint, OccurredAt, Origin, Precision, Timestamp, Trust};

use crate::json::Json;
use crate::meaning::{Without, canonical_sha256, ignored, is_id, unusable};
use crate::registry::Provider;
use crate::setup::Setup;
use crate::{
    Adapter, Found, Message, ParseError, Parsed, Question, Request, SetupError, SignatureError,
    Verified, credential, json, question,
};
use object::Told;

const NAME: &str = "stripe";
const HEADER: &str = "stripe-signature";
const ORDER_REF: &str = "/metadata/order_id";

pub(crate) const PROVIDER: Provider =
    Provider { name: NAME, build, scenarios: &scenarios::SCENARIOS };

struct Stripe {
    secrets: Vec<Secret>,
    live: bool,
    order_ref: String,
    book: String,
}

fn build(setup: Setup<'_>) -> Result<Box<dyn Adapter>, SetupError> {
    setup.uses_only(&["secrets", "live", "order_ref", "api_key"])?;
    Ok(Box::new(Stripe {
        secrets: setup.some("secrets", &setup.source.secrets)?,
        live: setup.source.live,
        order_ref: setup.order_ref_or(ORDER_REF),
        book: setup.book(),
    }))
}

impl Adapter for Stripe {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        let (signed, otherwise) = match request.headers.get(HEADER) {
            Found::Absent => (None, SignatureError::Missing),
            Found::Ambiguous => (None, SignatureError::Malformed),
            Found::Once(header) => (signature::read(header), SignatureError::Malformed),
        };
        // Computed even where there is nothing to compare, so that every refusal costs the same.
        let attempt = signed.unwrap_or_default();
        let matched =
            credential::matching(&self.secrets, now, |secret| attempt.is_by(secret, request.body));
        match (matched, attempt.time) {
            (Some(secret), Some(signed_at)) => {
                signature::recent(signed_at, now)?;
                Ok(Verified {
                    signed_at: Some(signed_at),
                    ..Verified::by(Trust::Full, Some(secret))
                })
            }
            (_, Some(_)) => Err(SignatureError::Mismatch),
            (_, None) => Err(otherwise),
        }
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
        event.account = account(&body).map(str::to_owned);
        event.native_type = native_type(&body);
        Ok(vec![event.filled(|event| self.fill(event, &body))])
    }

    fn question(&self, object: &str) -> Option<Question> {
        fetched::question(object)
    }

    fn answered(&self, hint: &Hint, body: &[u8], at: Timestamp) -> Result<Parsed, ParseError> {
        let (account, id) = fetched::named(&hint.object).unwrap_or_default();
        let object = question::object(body, id)?;
        let mut event = question::answer(hint, body, at);
        event.account = Some(account.to_owned()).filter(|account| !account.is_empty());
        Ok(event.filled(|event| self.fill_answer(event, hint, account, &object)))
    }

    fn sign(&self, message: Message, now: Timestamp) -> Message {
        let header = signature::write(credential::signing(&self.secrets, now), &message.body, now);
        message.with(HEADER, header)
    }
}

impl Stripe {
    /// Adds what the event says to what every request has.
    fn fill(&self, event: &mut Parsed, body: &Json<'_>) -> Result<(), Without> {
        let id = body.at("id").text().filter(|id| is_id(id));
        let Some(id) = id else { return unusable("the event has no id") };
        if event.native_type == NO_TYPE {
            return unusable("the event has no type");
        }
        let object = body.at("data").at("object");
        event.dedup_key = Some(id.to_owned());
        if let Some(hash) = canonical_sha256(&(id, &event.native_type, object)) {
            event.body_sha256 = hash;
        }
        if body.at("object").text() == Some("v2.core.event") {
            return self.fill_thin(event, body);
        }
        let Some(at) = body
            .at("created")
            .integer()
            .and_then(|seconds| Timestamp::from_seconds(seconds).ok())
        else {
            return unusable("the event does not tell when it happened");
        };
        event.occurred_at = OccurredAt { at, precision: Precision::S, origin: Origin::Event };
        self.is_ours(body)?;
        let told = Told {
            native_type: &event.native_type,
            account: event.account.as_deref().unwrap_or_default(),
            book: &self.book,
            at,
            object,
        };
        let facts = told.facts()?;
        event.order_refs = told.references(&self.order_ref)?;
        event.effect = Effect::Facts { facts };
        Ok(())
    }

    fn fill_thin(&self, event: &mut Parsed, body: &Json<'_>) -> Result<(), Without> {
        event.occurred_at = thin::occurred_at(body)?;
        self.is_ours(body)?;
        let account = event.account.as_deref().unwrap_or_default();
        let (reference, hint) = thin::hint(body, account, event.occurred_at.at)?;
        // A hint is never a repeat of another: each asks for one more look.
        event.dedup_key = None;
        event.order_refs = vec![reference];
        event.effect = Effect::Hint { hint };
        Ok(())
    }

    fn fill_answer(
        &self,
        event: &mut Parsed,
        hint: &Hint,
        account: &str,
        object: &Json<'_>,
    ) -> Result<(), Without> {
        self.is_ours(object)?;
        let at = event.occurred_at.at;
        let mut told = Told { native_type: "", account, book: &self.book, at, object };
        event.order_refs = told.references(&self.order_ref)?;
        let facts = fetched::native_type(object).and_then(|native_type| {
            told.native_type = native_type;
            fetched::facts(told)
        });
        let facts = match facts {
            // The object says nothing yet, which answers the hint too.
            Err(Without::Ignored(_)) => Vec::new(),
            facts => facts?,
        };
        event.effect = question::state(hint, &self.book, facts);
        Ok(())
    }

    fn is_ours(&self, body: &Json<'_>) -> Result<(), Without> {
        match body.at("livemode").bool() {
            Some(live) if live == self.live => Ok(()),
            Some(true) => ignored("a live event, and this source takes test events only"),
            Some(false) => ignored("a test event, and this source takes live events only"),
            None => unusable("the event does not tell whether it is live"),
        }
    }
}

/// The connected account, which snapshots call `account` and thin events `context`.
fn account<'a>(body: &'a Json<'_>) -> Option<&'a str> {
    ["account", "context"]
        .into_iter()
        .filter_map(|key| body.at(key).text())
        .find(|account| is_id(account))
}

/// What stands in the log for a type that is none.
const NO_TYPE: &str = "unknown";

fn native_type(body: &Json<'_>) -> String {
    body.at("type")
        .text()
        .filter(|name| is_id(name))
        .unwrap_or(NO_TYPE)
        .to_owned()
}
