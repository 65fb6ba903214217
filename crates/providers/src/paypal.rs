//! `PayPal`: events under an RSA signature that covers no more of the body than its CRC-32.
//!
//! Rules: PROVIDERS.md, sections 2.8 and 3. Whoever has seen one genuine request can make another body with the same
//! checksum, so all that `PayPal` says is flagged until it is confirmed, and a transmission counts once.

mod certificate;
mod resource;
mod scenarios;
mod transmission;

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use waybill_common::config::Secret;
use waybill_common::domain::{Effect, Origin, Timestamp, Trust};

use crate::json::Json;
use crate::meaning::{Without, is_id, unusable};
use crate::registry::Provider;
use crate::setup::Setup;
use crate::{
    Adapter, Message, ParseError, Parsed, Request, SetupError, SignatureError, Verified, json, time,
};
use certificate::{Anchor, Leaf};
use resource::Told;
use transmission::Sent;

const NAME: &str = "paypal";
const ORDER_REF: &str = "/custom_id";
/// More than `PayPal` has in use at once; what was fetched first goes first.
const CERTIFICATES_MAX: usize = 8;
/// Then a certificate is fetched again. Until that has succeeded the old one goes on, for as long as it is valid.
const CERTIFICATE_AGE_MAX_SECONDS: i64 = 24 * 3600;

pub(crate) const PROVIDER: Provider =
    Provider { name: NAME, build, scenarios: &scenarios::SCENARIOS };

struct PayPal {
    /// What a signature is believed by: root certificates, or keys for simulators.
    anchors: Vec<(Secret, Anchor)>,
    webhook_id: String,
    order_ref: String,
    book: String,
    /// Certificates that were fetched, by address; their chain was checked.
    leaves: RwLock<BTreeMap<String, Learnt>>,
}

struct Learnt {
    leaf: Leaf,
    at: Timestamp,
}

fn build(setup: Setup<'_>) -> Result<Box<dyn Adapter>, SetupError> {
    setup.uses_only(&["secrets", "webhook_id", "order_ref"])?;
    let webhook_id = setup.source.webhook_id.clone();
    let anchors = setup
        .some("secrets", &setup.source.secrets)?
        .into_iter()
        .map(|secret| {
            let anchor = Anchor::read(secret.expose());
            anchor.map(|anchor| (secret, anchor))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| setup.wrong("secrets", "must be PEM: root certificates or RSA keys"))?;
    Ok(Box::new(PayPal {
        anchors,
        webhook_id: webhook_id.ok_or_else(|| setup.missing("webhook_id"))?,
        order_ref: setup.order_ref_or(ORDER_REF),
        book: setup.book(),
        leaves: RwLock::default(),
    }))
}

impl Adapter for PayPal {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        let sent = Sent::of(request)?;
        let signed = sent.signed_text(&self.webhook_id, request.body);
        let leaves = self.leaves.read().unwrap_or_else(PoisonError::into_inner);
        let leaf = leaves.get(sent.certificate).map(|learnt| &learnt.leaf);
        let by = |anchor: &Anchor| match (anchor, leaf) {
            (Anchor::Root(root), Some(leaf)) => {
                leaf.is_under(root, now) && leaf.signed(&signed, &sent.signature)
            }
            (Anchor::Root(_), None) => false,
            (Anchor::Key(key), _) => key.signed(&signed, &sent.signature),
        };
        let otherwise = if leaf.is_none() && self.has_roots() {
            SignatureError::NoCertificate
        } else {
            SignatureError::Mismatch
        };
        let secret = self
            .anchors
            .iter()
            .position(|(secret, anchor)| secret.is_active(now) && by(anchor))
            .ok_or(otherwise)?;
        let transmission = sent.recent(now)?;
        Ok(Verified {
            signed_at: Some(sent.at),
            transmission: Some(transmission),
            ..Verified::by(Trust::Checksum, Some(secret))
        })
    }

    /// What is too old to be believed anyway makes nobody fetch anything.
    fn wants(&self, request: &Request<'_>, now: Timestamp) -> Option<String> {
        let sent = Sent::of(request).ok()?;
        sent.recent(now).ok()?;
        let leaves = self.leaves.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = leaves.get(sent.certificate).is_some_and(|learnt| {
            let age = now.seconds() - learnt.at.seconds();
            age < CERTIFICATE_AGE_MAX_SECONDS && self.knows(&learnt.leaf, now)
        });
        (self.has_roots() && !fresh).then(|| sent.certificate.to_owned())
    }

    fn learn(&self, address: &str, pem: &[u8], now: Timestamp) -> Result<(), SignatureError> {
        let leaf = Leaf::read(pem).ok_or(SignatureError::Malformed)?;
        if !transmission::is_address(address) || !self.knows(&leaf, now) {
            return Err(SignatureError::Mismatch);
        }
        let mut leaves = self.leaves.write().unwrap_or_else(PoisonError::into_inner);
        leaves.insert(address.to_owned(), Learnt { leaf, at: now });
        if leaves.len() > CERTIFICATES_MAX {
            let first = leaves.iter().min_by_key(|(_, learnt)| learnt.at);
            let first = first.map(|(address, _)| address.clone());
            first.and_then(|address| leaves.remove(&address));
        }
        Ok(())
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
        if let Some(native_type) = body.at("event_type").text().filter(|name| is_id(name)) {
            event.native_type = native_type.to_owned();
        }
        if let Some(at) = time::rfc3339(body.at("create_time"), Origin::Event) {
            event.occurred_at = at;
        }
        Ok(vec![event.filled(|event| self.fill(event, &body))])
    }

    /// With a key in place of a certificate; a root certificate cannot sign.
    fn sign(&self, message: Message, now: Timestamp) -> Message {
        let keys = self.anchors.iter().filter_map(|(_, anchor)| match anchor {
            Anchor::Key(key) => Some(key),
            Anchor::Root(_) => None,
        });
        transmission::sign(message, keys, &self.webhook_id, now)
    }
}

impl PayPal {
    fn has_roots(&self) -> bool {
        self.anchors
            .iter()
            .any(|(_, anchor)| matches!(anchor, Anchor::Root(_)))
    }

    /// Whether it is `PayPal`'s, under one of the roots, now.
    fn knows(&self, leaf: &Leaf, now: Timestamp) -> bool {
        self.anchors.iter().any(|(secret, anchor)| match anchor {
            Anchor::Root(root) => secret.is_active(now) && leaf.is_under(root, now),
            Anchor::Key(_) => false,
        })
    }

    fn fill(&self, event: &mut Parsed, body: &Json<'_>) -> Result<(), Without> {
        if event.dedup_key.is_none() {
            return unusable("the event has no id");
        }
        let told = Told {
            native_type: &event.native_type,
            book: &self.book,
            resource: body.at("resource"),
        };
        let facts = told.facts()?;
        event.order_refs = told.references(&self.order_ref)?;
        event.effect = Effect::Facts { facts };
        Ok(())
    }
}
