//! Shopify: signed snapshots of orders, and the operations on them. A shop sees the whole order: a book of its own.
//!
//! Rules: PROVIDERS.md, sections 2.4 and 3. Only the body is signed, so nothing that decides comes from a header but
//! the topic, which must fit the body. The shop's name is a header too: references leave it out, for Shopify's ids are
//! unique without it.

mod operation;
mod scenarios;
mod snapshot;

use waybill_common::config::Secret;
use waybill_common::domain::{Effect, OccurredAt, Origin, Reference, Timestamp, Trust};

use crate::json::Json;
use crate::meaning::{Without, ignored, is_id, is_name, unusable};
use crate::registry::Provider;
use crate::setup::Setup;
use crate::{
    Adapter, Message, ParseError, Parsed, Request, SetupError, SignatureError, Verified,
    credential, json, time,
};

const NAME: &str = "shopify";
const ORDER_REF: &str = "/id";

pub(crate) const PROVIDER: Provider =
    Provider { name: NAME, build, scenarios: &scenarios::SCENARIOS };

struct Shopify {
    secrets: Vec<Secret>,
    order_ref: String,
    book: String,
}

fn build(setup: Setup<'_>) -> Result<Box<dyn Adapter>, SetupError> {
    setup.uses_only(&["secrets", "order_ref"])?;
    Ok(Box::new(Shopify {
        secrets: setup.some("secrets", &setup.source.secrets)?,
        order_ref: setup.order_ref_or(ORDER_REF),
        book: setup.book_or(NAME),
    }))
}

impl Adapter for Shopify {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        let claimed = credential::header(request, "x-shopify-hmac-sha256")
            .or_else(|_absent| credential::header(request, "shopify-hmac-sha256"));
        credential::one_signature(&self.secrets, now, claimed, |secret| {
            credential::hmac_base64(secret.as_bytes(), &[request.body])
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
        event.account = told(request, "shop-domain").map(str::to_owned);
        event.correlation_id = told(request, "event-id").map(str::to_owned);
        event.dedup_key = told(request, "webhook-id").map(str::to_owned);
        if let Some(at) = occurred_at(&body, request) {
            event.occurred_at = at;
        }
        let Some(topic) = header(request, "topic").filter(|topic| is_name(topic)) else {
            return Ok(vec![event.filled(|_| unusable("the request names no topic"))]);
        };
        event.native_type = topic.to_owned();
        Ok(vec![event.filled(|event| self.fill(event, topic, &body))])
    }

    fn sign(&self, message: Message, now: Timestamp) -> Message {
        let secret = credential::signing(&self.secrets, now);
        let signature = credential::hmac_base64(secret.as_bytes(), &[&message.body]);
        message.with("x-shopify-hmac-sha256", signature)
    }
}

impl Shopify {
    fn fill(&self, event: &mut Parsed, topic: &str, body: &Json<'_>) -> Result<(), Without> {
        if event.dedup_key.is_none() {
            return unusable("the request has no webhook id");
        }
        let book = self.book.as_str();
        let facts = |facts| Ok(Effect::Facts { facts });
        let effect = match topic {
            "orders/edited" => ignored("an edit is told by the update that follows it"),
            "orders/delete" => snapshot::deleted(body, book),
            _ if topic.starts_with("orders/") => snapshot::order(body, book),
            "order_transactions/create" => operation::transaction(body, book).and_then(facts),
            "refunds/create" => operation::refunds(body, book).and_then(facts),
            "fulfillments/create" | "fulfillments/update" => {
                operation::fulfilment(body, book).and_then(facts)
            }
            "disputes/create" | "disputes/update" => operation::dispute(body, book).and_then(facts),
            _ => ignored(format!("{topic} says nothing about an order")),
        }?;
        event.order_refs = self.references(topic, body)?;
        event.effect = effect;
        Ok(())
    }

    /// The merchant's order is Shopify's, unless the source says which field of an order names another one.
    fn references(&self, topic: &str, body: &Json<'_>) -> Result<Vec<Reference>, Without> {
        let is_order = topic.starts_with("orders/");
        let Some(id) = body.at(if is_order { "id" } else { "order_id" }).id() else {
            return unusable("the body names no order");
        };
        let merchant = if self.order_ref == ORDER_REF {
            Some(id)
        } else if is_order {
            body.pointer(&self.order_ref).decimal()
        } else {
            None
        };
        if merchant.is_some_and(|name| !is_name(name)) {
            return unusable(format!("{} is no name of an order", self.order_ref));
        }
        Ok(merchant
            .map(Reference::order)
            .into_iter()
            .chain([Reference::foreign(NAME, "order", "", id)])
            .collect())
    }
}

/// A header of either product: webhooks say `x-shopify-topic`, events say `shopify-topic`.
fn header<'a>(request: &Request<'a>, name: &str) -> Option<&'a str> {
    let long = request.headers.get(&format!("x-shopify-{name}"));
    long.once()
        .or_else(|| request.headers.get(&format!("shopify-{name}")).once())
}

fn told<'a>(request: &Request<'a>, name: &str) -> Option<&'a str> {
    header(request, name).filter(|value| is_id(value))
}

fn occurred_at(body: &Json<'_>, request: &Request<'_>) -> Option<OccurredAt> {
    let in_body = ["updated_at", "processed_at", "created_at"]
        .into_iter()
        .find_map(|key| time::rfc3339(body.at(key), Origin::Object));
    in_body.or_else(|| time::at(header(request, "triggered-at")?, Origin::Header))
}

/// A reference to one of Shopify's operations.
fn op_ref(id: &str) -> String {
    format!("{NAME}::{id}")
}
