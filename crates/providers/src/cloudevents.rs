//! `CloudEvents` 1.0 over HTTP: binary, structured or a batch, under a bearer token.
//!
//! Rules: PROVIDERS.md, sections 2.13 and 3. Nothing is signed; a token in the URL must be understood, but is worse.

mod attributes;
mod scenarios;

use sha2::{Digest, Sha256};
use waybill_common::config::Secret;
use waybill_common::domain::{Origin, Timestamp, jcs};

use crate::json::Json;
use crate::meaning::canonical_sha256;
use crate::pointed::{Pointed, Shape, Told};
use crate::registry::Provider;
use crate::setup::Setup;
use crate::{
    Adapter, Answer, Found, Message, ParseError, Parsed, Request, SetupError, SignatureError,
    Verified, credential, json, time,
};
use attributes::Attributes;

const NAME: &str = "cloudevents";
/// Granted to a sender that asks how many requests a minute it may make.
const RATE: &str = "120";
const SHAPE: Shape = Shape {
    order: "/order_id",
    kind: "/type",
    operations: &["/refund_id", "/dispute_id", "/payment_id"],
    amount: "/amount",
    currency: "/currency",
    time: "/time",
    minor: false,
};

pub(crate) const PROVIDER: Provider =
    Provider { name: NAME, build, scenarios: &scenarios::SCENARIOS };

struct CloudEvents {
    tokens: Vec<Secret>,
    pointed: Pointed,
}

fn build(setup: Setup<'_>) -> Result<Box<dyn Adapter>, SetupError> {
    setup.uses_only(&["tokens", "order_ref", "default_currency", "map"])?;
    Ok(Box::new(CloudEvents {
        tokens: setup.some("tokens", &setup.source.tokens)?,
        pointed: Pointed::new(setup, &SHAPE)?,
    }))
}

impl Adapter for CloudEvents {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn media_types(&self) -> &'static [&'static str] {
        &["application/json", "application/cloudevents+json", "application/cloudevents-batch+json"]
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        if request.headers.get("authorization") == Found::Absent {
            return credential::by_query(&self.tokens, request, now);
        }
        credential::by_bearer(&self.tokens, request, now)
    }

    fn parse(
        &self,
        request: &Request<'_>,
        verified: &Verified,
        now: Timestamp,
    ) -> Result<Vec<Parsed>, ParseError> {
        let body =
            json::parse(request.body).map_err(|why| ParseError::Malformed(why.to_string()))?;
        let kind = request
            .headers
            .get("content-type")
            .once()
            .unwrap_or_default();
        let kind = kind.to_ascii_lowercase();
        let blank = || Parsed::of(request, verified, now);
        // The longer name first: it begins with the shorter one.
        if kind.starts_with("application/cloudevents-batch") {
            let Json::List(items) = &body else {
                return Err(ParseError::Malformed("a batch must be a list".into()));
            };
            return items
                .iter()
                .map(|item| self.event(blank(), &Attributes::of_structured(item)?, Some(item)))
                .collect();
        }
        let event = if kind.starts_with("application/cloudevents") {
            self.event(blank(), &Attributes::of_structured(&body)?, None)
        } else {
            self.event(blank(), &Attributes::of_binary(request, &body)?, None)
        };
        event.map(|event| vec![event])
    }

    /// The protection against abuse: a receiver says whom it wants to hear. Refused by saying nothing.
    fn handshake(&self, method: &str, request: &Request<'_>) -> Option<Answer> {
        let origin = request.headers.get("webhook-request-origin").once()?;
        let asked = request.headers.get("webhook-request-rate");
        let mut headers =
            vec![("allow", "POST".to_owned()), ("webhook-allowed-origin", origin.to_owned())];
        if asked != Found::Absent {
            headers.push(("webhook-allowed-rate", RATE.to_owned()));
        }
        (method == "OPTIONS").then(|| Answer {
            status: 200,
            content_type: "text/plain",
            headers,
            body: String::new(),
        })
    }

    fn sign(&self, message: Message, now: Timestamp) -> Message {
        let token = credential::signing(&self.tokens, now);
        message.with("authorization", format!("Bearer {token}"))
    }
}

impl CloudEvents {
    fn event(
        &self,
        mut event: Parsed,
        attributes: &Attributes<'_>,
        item: Option<&Json<'_>>,
    ) -> Result<Parsed, ParseError> {
        if let Some(item) = item {
            // As the batch of one that it could have come in.
            let alone = jcs::to_vec(&[item]);
            event.body_sha256 = canonical_sha256(item).unwrap_or(event.body_sha256);
            event.body = alone.ok();
        }
        let key = attributes.key();
        event.native_type.clone_from(&attributes.kind);
        let at = attributes
            .time
            .as_deref()
            .and_then(|text| time::at(text, Origin::Event));
        event.occurred_at = at.unwrap_or(event.occurred_at);
        // Named by the event's own name, which may be long and hold anything.
        let operation = hex::encode(Sha256::digest(&key));
        event.dedup_key = Some(key);
        let data = attributes.data()?;
        Ok(event.filled(|event| {
            let told = Told { event: &operation, kind: Some(&attributes.kind), at };
            (event.order_refs, event.effect) =
                self.pointed.meaning(data.json()?.as_ref(), &told)?;
            Ok(())
        }))
    }
}
