//! Lightspeed eCom C-Series: snapshots of orders under an MD5 of body and secret. A shop: a book of its own.
//!
//! Rules: PROVIDERS.md, sections 2.5 and 3. There is no id and no signed time: the body is its own key.

mod scenarios;

use md5::{Digest, Md5};
use waybill_common::config::Secret;
use waybill_common::domain::{
    Currency, Effect, Fulfilment, Lifecycle, Origin, Payment, Reference, Snapshot, Timestamp,
    Trust, first_at,
};

use crate::json::Json;
use crate::meaning::{Without, ignored, is_name, snapshot, unusable};
use crate::registry::Provider;
use crate::setup::Setup;
use crate::{
    Adapter, Message, ParseError, Parsed, Request, SetupError, SignatureError, Verified,
    credential, json, minor, time,
};

const NAME: &str = "lightspeed-c";
const ORDER_REF: &str = "/id";
const HEADER: &str = "x-signature";

pub(crate) const PROVIDER: Provider =
    Provider { name: NAME, build, scenarios: &scenarios::SCENARIOS };

struct LightspeedC {
    source: String,
    secrets: Vec<Secret>,
    /// The shop's: its orders name none.
    currency: Currency,
    order_ref: String,
    book: String,
}

fn build(setup: Setup<'_>) -> Result<Box<dyn Adapter>, SetupError> {
    setup.uses_only(&["secrets", "order_ref", "default_currency"])?;
    Ok(Box::new(LightspeedC {
        source: setup.name.to_owned(),
        secrets: setup.some("secrets", &setup.source.secrets)?,
        currency: setup.currency()?,
        order_ref: setup.order_ref_or(ORDER_REF),
        book: setup.book_or(NAME),
    }))
}

impl Adapter for LightspeedC {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        let claimed = credential::header(request, HEADER);
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
        event.dedup_key = Some(hex::encode(event.body_sha256));
        let named = request
            .headers
            .get("x-event")
            .once()
            .filter(|name| is_name(name));
        event.native_type = named.unwrap_or("orders").to_owned();
        if let Some(at) = time::rfc3339(body.at("order").at("updatedAt"), Origin::Object) {
            event.occurred_at = at;
        }
        Ok(vec![event.filled(|event| self.fill(event, body.at("order")))])
    }

    fn sign(&self, message: Message, now: Timestamp) -> Message {
        let signature = signature(credential::signing(&self.secrets, now), &message.body);
        message.with(HEADER, signature)
    }
}

impl LightspeedC {
    fn fill(&self, event: &mut Parsed, order: &Json<'_>) -> Result<(), Without> {
        if order.is_null() {
            return ignored("the body holds no order");
        }
        let Some(id) = order.at("id").id() else { return unusable("the order has no id") };
        let reference = Reference::foreign(NAME, "order", &self.source, id);
        let merchant = match order.pointer(&self.order_ref).decimal() {
            Some(name) if is_name(name) => Some(Reference::order(name)),
            Some(_) => return unusable(format!("{} is no name of an order", self.order_ref)),
            None => None,
        };
        event.effect = Effect::Snapshot {
            snapshot: self.snapshot(order, &reference.name)?,
            facts: Vec::new(),
        };
        event.order_refs = merchant.into_iter().chain([reference]).collect();
        Ok(())
    }

    fn snapshot(&self, order: &Json<'_>, object: &str) -> Result<Snapshot, Without> {
        let Some(updated) = time::rfc3339(order.at("updatedAt"), Origin::Object) else {
            return unusable("the order does not tell when it was updated");
        };
        let said = snapshot(object.to_owned(), &self.book, first_at(updated.at));
        let total = order.at("priceIncl").decimal();
        Ok(Snapshot {
            lifecycle: lifecycle(order.at("status").text().unwrap_or_default()),
            payment: payment(order.at("paymentStatus").text()),
            fulfilment: fulfilment(order.at("shipmentStatus").text()),
            total: Some(minor::decimal(total, Some(self.currency.code()))?),
            ..said
        })
    }
}

fn lifecycle(status: &str) -> Option<Lifecycle> {
    match status {
        "cancelled" => Some(Lifecycle::Cancelled),
        _ if status.starts_with("completed") => Some(Lifecycle::Closed),
        _ => None,
    }
}

fn payment(status: Option<&str>) -> Option<Payment> {
    match status {
        Some("not_paid") => Some(Payment::Unpaid),
        Some("partially_paid") => Some(Payment::PartiallyPaid),
        Some("paid") => Some(Payment::Paid),
        Some("cancelled") => Some(Payment::Voided),
        Some(_) | None => None,
    }
}

fn fulfilment(status: Option<&str>) -> Option<Fulfilment> {
    match status {
        Some("partially_shipped") => Some(Fulfilment::Partial),
        Some("shipped") => Some(Fulfilment::Fulfilled),
        Some(_) | None => None,
    }
}

/// Not an HMAC, but what the shop sends: nobody without the secret can make it for another body.
fn signature(secret: &str, body: &[u8]) -> String {
    let mut hash = Md5::new();
    hash.update(body);
    hash.update(secret);
    hex::encode(hash.finalize())
}
