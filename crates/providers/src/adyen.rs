//! Adyen: batches of notifications, each signed over eight of its fields, in the body.
//!
//! Rules: PROVIDERS.md, sections 2.7 and 3. The time, the reason and the additional data are outside the signature.

mod item;
mod meaning;
mod scenarios;
mod signature;

use sha2::{Digest, Sha256};
use waybill_common::config::Secret;
use waybill_common::domain::{Timestamp, Trust};

use crate::json::Json;
use crate::meaning::{canonical_sha256, ignored, is_name};
use crate::registry::Provider;
use crate::setup::Setup;
use crate::{
    Adapter, Answer, Found, Message, ParseError, Parsed, Receipt, Request, SetupError,
    SignatureError, Verified, credential, json,
};
use item::Item;

const NAME: &str = "adyen";
const ORDER_REF: &str = "/merchantReference";

pub(crate) const PROVIDER: Provider =
    Provider { name: NAME, build, scenarios: &scenarios::SCENARIOS };

struct Adyen {
    secrets: Vec<Secret>,
    /// `user:password` of HTTP's basic authentication; none where the merchant set none up.
    tokens: Vec<Secret>,
    live: bool,
    auto_capture: bool,
    order_ref: String,
    book: String,
}

fn build(setup: Setup<'_>) -> Result<Box<dyn Adapter>, SetupError> {
    setup.uses_only(&["secrets", "tokens", "live", "order_ref", "auto_capture"])?;
    let secrets = setup.some("secrets", &setup.source.secrets)?;
    if secrets.iter().any(|key| hex::decode(key.expose()).is_err()) {
        return Err(setup.wrong("secrets", "must be keys of hexadecimal digits"));
    }
    Ok(Box::new(Adyen {
        secrets,
        tokens: setup.source.tokens.clone(),
        live: setup.source.live,
        auto_capture: setup.source.auto_capture,
        order_ref: setup.order_ref_or(ORDER_REF),
        book: setup.book(),
    }))
}

impl Adapter for Adyen {
    fn provider(&self) -> &'static str {
        NAME
    }

    /// Reads the body before it is believed, because the signatures stand in it.
    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        let token = self.authenticate(request, now)?;
        if request.headers.get(signature::HEADER) != Found::Absent {
            let claimed = credential::header(request, signature::HEADER);
            return credential::one_signature(&self.secrets, now, claimed, |key| {
                signature::of(key, request.body)
            })
            .map(|secret| Verified { token, ..Verified::by(Trust::BodyOnly, Some(secret)) });
        }
        let body = json::parse(request.body).map_err(|_refused| SignatureError::Malformed)?;
        let mut matched = None;
        for item in item::all(&body) {
            let signed = item.signed_text();
            let secret = credential::one_signature(&self.secrets, now, item.signature(), |key| {
                signature::of(key, signed.as_bytes())
            })?;
            matched.get_or_insert(secret);
        }
        matched
            .map(|secret| Verified { token, ..Verified::by(Trust::Fields, Some(secret)) })
            .ok_or(SignatureError::Missing)
    }

    fn parse(
        &self,
        request: &Request<'_>,
        verified: &Verified,
        now: Timestamp,
    ) -> Result<Vec<Parsed>, ParseError> {
        let body =
            json::parse(request.body).map_err(|why| ParseError::Malformed(why.to_string()))?;
        let items: Vec<_> = item::all(&body).collect();
        if items.is_empty() {
            let mut event = Parsed::of(request, verified, now);
            event.dedup_key = Some(hex::encode(event.body_sha256));
            let native_type = body.at("type").text().filter(|name| is_name(name));
            event.native_type = native_type.unwrap_or("unknown").to_owned();
            return Ok(vec![event.filled(|event| {
                ignored(format!("{} says nothing about an order", event.native_type))
            })]);
        }
        let live = body.at("live").text() == Some("true");
        let alone = items.len() == 1;
        Ok(items
            .into_iter()
            .map(|item| {
                let mut event = Parsed::of(request, verified, now);
                event.body = (!alone).then(|| item.as_request(live));
                self.event(event, item, live)
            })
            .collect())
    }

    fn accepted(&self, _receipt: &Receipt<'_>) -> Answer {
        accepted()
    }

    fn repeated(&self, _event: &Parsed) -> Answer {
        accepted()
    }

    fn sign(&self, message: Message, now: Timestamp) -> Message {
        let key = credential::signing(&self.secrets, now);
        let body = item::sign(&message.body, key).unwrap_or(message.body);
        let signed = Message { body, ..message };
        match self.tokens.first() {
            Some(_) => {
                let token = credential::signing(&self.tokens, now);
                signed.with("authorization", credential::basic(token))
            }
            None => signed,
        }
    }
}

impl Adyen {
    /// Which token it came with; none where none is asked for.
    fn authenticate(
        &self,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Result<Option<usize>, SignatureError> {
        if self.tokens.is_empty() {
            return Ok(None);
        }
        let claimed = credential::header(request, "authorization")?;
        credential::matching(&self.tokens, now, |token| {
            credential::same_token(claimed, &credential::basic(token))
        })
        .map(Some)
        .ok_or(SignatureError::Mismatch)
    }

    fn event(&self, mut event: Parsed, item: Item<'_>, live: bool) -> Parsed {
        event.body_sha256 = canonical_sha256(&item.signed_fields())
            .unwrap_or_else(|| Sha256::digest(item.signed_text()).into());
        event.account = item.account().map(str::to_owned);
        event.native_type = item.code().to_owned();
        if let Some(at) = item.occurred_at() {
            event.occurred_at = at;
        }
        event.filled(|event| {
            let told = meaning::Told { item, book: &self.book, auto_capture: self.auto_capture };
            event.dedup_key = Some(told.key()?);
            if live != self.live {
                return ignored("an event of the other environment, test or live");
            }
            let facts = told.facts()?;
            event.order_refs = told.references(&self.order_ref)?;
            event.effect = waybill_common::domain::Effect::Facts { facts };
            Ok(())
        })
    }
}

/// Some of Adyen's older systems look for the word, newer ones at the status.
fn accepted() -> Answer {
    Answer {
        status: 202,
        content_type: "text/plain",
        headers: Vec::new(),
        body: "[accepted]".into(),
    }
}

fn list<'a, 'b>(body: &'a Json<'b>) -> &'a [Json<'b>] {
    body.at("notificationItems").items()
}
