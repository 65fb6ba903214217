//! WooCommerce: signed snapshots of orders, built when the job runs and sent once. A shop: a book of its own.
//!
//! Rules: PROVIDERS.md, sections 2.9 and 3. Only the body is signed, and order numbers are small: references carry the
//! source's own name in the account's place.

mod scenarios;
mod snapshot;

use waybill_common::config::Secret;
use waybill_common::domain::{Effect, Origin, Reference, Timestamp, Trust};

use crate::json::Json;
use crate::meaning::{Without, ignored, is_name, unusable};
use crate::registry::Provider;
use crate::setup::Setup;
use crate::{
    Adapter, Found, Message, ParseError, Parsed, Request, SetupError, SignatureError, Verified,
    credential, json, time,
};

const NAME: &str = "woocommerce";
const ORDER_REF: &str = "/id";
const SIGNATURE: &str = "x-wc-webhook-signature";
const TOPIC: &str = "x-wc-webhook-topic";

pub(crate) const PROVIDER: Provider =
    Provider { name: NAME, build, scenarios: &scenarios::SCENARIOS };

struct WooCommerce {
    source: String,
    secrets: Vec<Secret>,
    order_ref: String,
    book: String,
}

fn build(setup: Setup<'_>) -> Result<Box<dyn Adapter>, SetupError> {
    setup.uses_only(&["secrets", "order_ref"])?;
    Ok(Box::new(WooCommerce {
        source: setup.name.to_owned(),
        secrets: setup.some("secrets", &setup.source.secrets)?,
        order_ref: setup.order_ref_or(ORDER_REF),
        book: setup.book_or(NAME),
    }))
}

impl Adapter for WooCommerce {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn media_types(&self) -> &'static [&'static str] {
        &["application/json", "application/x-www-form-urlencoded"]
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        if is_ping(request) {
            return Ok(Verified::by(Trust::Unsigned, None));
        }
        let claimed = credential::header(request, SIGNATURE);
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
        if verified.trust == Trust::Unsigned {
            // No event, and so an answer of exactly 200, without which the shop takes the webhook back.
            return Ok(Vec::new());
        }
        let body =
            json::parse(request.body).map_err(|why| ParseError::Malformed(why.to_string()))?;
        let mut event = Parsed::of(request, verified, now);
        let topic = request
            .headers
            .get(TOPIC)
            .once()
            .filter(|topic| is_name(topic));
        event.native_type = topic.unwrap_or("unknown").to_owned();
        if let Some(at) = time::without_zone(body.at("date_modified_gmt"), Origin::Object) {
            event.occurred_at = at;
        }
        Ok(vec![event.filled(|event| self.fill(event, &body))])
    }

    /// It does not send again, and gives up for good after five failures.
    fn retries(&self) -> bool {
        false
    }

    fn sign(&self, message: Message, now: Timestamp) -> Message {
        let signature = signature(credential::signing(&self.secrets, now), &message.body);
        message.with(SIGNATURE, signature)
    }
}

impl WooCommerce {
    fn fill(&self, event: &mut Parsed, body: &Json<'_>) -> Result<(), Without> {
        let Some(id) = body.at("id").id() else { return unusable("the order has no id") };
        // Not the delivery id: everything that one webhook sends within a second shares it.
        event.dedup_key = Some(format!("{}:{id}", hex::encode(event.body_sha256)));
        if !event.native_type.starts_with("order.") {
            return ignored(format!("{} says nothing about an order", event.native_type));
        }
        let reference = Reference::foreign(NAME, "order", &self.source, id);
        let said = snapshot::read(&event.native_type, body, &reference.name, &self.book)?;
        let merchant = match body.pointer(&self.order_ref).decimal() {
            Some(name) if is_name(name) => Some(Reference::order(name)),
            Some(_) => return unusable(format!("{} is no name of an order", self.order_ref)),
            None => None,
        };
        event.order_refs = merchant.into_iter().chain([reference]).collect();
        event.effect = Effect::Snapshot { snapshot: said, facts: Vec::new() };
        Ok(())
    }
}

/// A form of one number, unsigned. It names no order, so there is nothing to believe.
fn is_ping(request: &Request<'_>) -> bool {
    request.headers.get(SIGNATURE) == Found::Absent
        && request
            .body
            .strip_prefix(b"webhook_id=")
            .is_some_and(|id| !id.is_empty() && id.iter().all(u8::is_ascii_digit))
}

/// The shop signs with the secret as it was typed; some of its pages show it with HTML's escapes.
fn signature(secret: &str, body: &[u8]) -> String {
    let typed = secret
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#038;", "&")
        .replace("&amp;", "&");
    credential::hmac_base64(typed.as_bytes(), &[body])
}
