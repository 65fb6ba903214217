//! Standard Webhooks, and Svix, which they come from: signed id, time and body, in any JSON.
//!
//! Rules: PROVIDERS.md, section 2.2. `v1` is an HMAC, `v1a` an Ed25519 signature whose public key is configured, never
//! taken from a request.

mod scenarios;
mod signature;

use waybill_common::config::Secret;
use waybill_common::domain::{Timestamp, Trust};

use crate::meaning::{is_id, unusable};
use crate::pointed::{Pointed, Shape, Told};
use crate::registry::Provider;
use crate::setup::Setup;
use crate::{
    Adapter, Found, Message, ParseError, Parsed, Request, SetupError, SignatureError, Verified,
    credential, json,
};

const NAME: &str = "standard";
const SHAPE: Shape = Shape {
    order: "/data/order_id",
    kind: "/type",
    operations: &["/data/refund_id", "/data/dispute_id", "/data/payment_id"],
    amount: "/data/amount",
    currency: "/data/currency",
    time: "/timestamp",
    minor: true,
};

pub(crate) const PROVIDER: Provider =
    Provider { name: NAME, build, scenarios: &scenarios::SCENARIOS };

struct Standard {
    secrets: Vec<Secret>,
    pointed: Pointed,
}

fn build(setup: Setup<'_>) -> Result<Box<dyn Adapter>, SetupError> {
    setup.uses_only(&["secrets", "order_ref", "default_currency", "map"])?;
    let secrets = setup.some("secrets", &setup.source.secrets)?;
    if !secrets
        .iter()
        .all(|secret| signature::is_key(secret.expose()))
    {
        let why = "must be whsec_, whpk_ or whsk_ and base64";
        return Err(setup.wrong("secrets", why));
    }
    Ok(Box::new(Standard { secrets, pointed: Pointed::new(setup, &SHAPE)? }))
}

impl Adapter for Standard {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        let claim = signature::Claim::of(request);
        let attempt = claim
            .as_ref()
            .map_or_else(|_| signature::Claim::default(), Clone::clone);
        let matched =
            credential::matching(&self.secrets, now, |secret| attempt.is_by(secret, request.body));
        claim?;
        let secret = matched.ok_or(SignatureError::Mismatch)?;
        let signed_at = attempt.recent(now)?;
        Ok(Verified { signed_at: Some(signed_at), ..Verified::by(Trust::Full, Some(secret)) })
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
        event.dedup_key = header(request, "id")
            .filter(|id| is_id(id))
            .map(str::to_owned);
        if let Some(kind) = self.pointed.kind(&body) {
            event.native_type = kind.to_owned();
        }
        let at = self.pointed.time(&body);
        event.occurred_at = at.unwrap_or(event.occurred_at);
        Ok(vec![event.filled(|event| {
            let Some(id) = event.dedup_key.as_deref() else {
                return unusable("the request has no webhook id");
            };
            let told = Told { event: id, kind: None, at };
            (event.order_refs, event.effect) = self.pointed.meaning(&body, &told)?;
            Ok(())
        })])
    }

    fn sign(&self, message: Message, now: Timestamp) -> Message {
        signature::sign(message, credential::signing(&self.secrets, now), now)
    }
}

/// A header of either family; Svix's own first, as in its libraries.
fn header<'a>(request: &Request<'a>, name: &str) -> Option<&'a str> {
    let svix = request.headers.get(&format!("svix-{name}"));
    match svix {
        Found::Absent => request.headers.get(&format!("webhook-{name}")).once(),
        Found::Once(_) | Found::Ambiguous => svix.once(),
    }
}
