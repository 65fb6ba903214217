//! Lightspeed Retail X-Series: versioned snapshots of sales, as JSON in a form. A shop: a book of its own.
//!
//! Rules: PROVIDERS.md, sections 2.6 and 3. Manually added webhooks are not signed: they need a token in the URL.

mod sale;
mod scenarios;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use waybill_common::config::Secret;
use waybill_common::domain::{Currency, Origin, Timestamp, Trust};

use crate::json::Json;
use crate::meaning::{Without, ignored, is_id, unusable};
use crate::registry::Provider;
use crate::setup::Setup;
use crate::{
    Adapter, Found, Message, ParseError, Parsed, Request, SetupError, SignatureError, Verified,
    credential, form, json, time,
};
use sale::Sale;

const NAME: &str = "lightspeed-x";
const ORDER_REF: &str = "/id";
const HEADER: &str = "x-signature";
const ALGORITHM: &str = "HMAC-SHA256";

pub(crate) const PROVIDER: Provider =
    Provider { name: NAME, build, scenarios: &scenarios::SCENARIOS };

struct LightspeedX {
    secrets: Vec<Secret>,
    tokens: Vec<Secret>,
    /// The shop's: its sales name none.
    currency: Currency,
    order_ref: String,
    book: String,
}

fn build(setup: Setup<'_>) -> Result<Box<dyn Adapter>, SetupError> {
    setup.uses_only(&["secrets", "tokens", "order_ref", "default_currency"])?;
    if setup.source.tokens.is_empty() {
        setup.some("secrets", &setup.source.secrets)?;
    }
    Ok(Box::new(LightspeedX {
        secrets: setup.source.secrets.clone(),
        tokens: setup.source.tokens.clone(),
        currency: setup.currency()?,
        order_ref: setup.order_ref_or(ORDER_REF),
        book: setup.book_or(NAME),
    }))
}

impl Adapter for LightspeedX {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn media_types(&self) -> &'static [&'static str] {
        &["application/x-www-form-urlencoded"]
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        if request.headers.get(HEADER) == Found::Absent && !self.tokens.is_empty() {
            return credential::by_query(&self.tokens, request, now);
        }
        let claimed = credential::header(request, HEADER).and_then(signature_in);
        let text = claimed.unwrap_or_default();
        // The encoding is nowhere stated: hexadecimal digits and base64 have both been seen.
        let found = credential::matching(&self.secrets, now, |secret| {
            let mac = credential::hmac_sha256(secret.as_bytes(), &[request.body]);
            credential::same(text, &hex::encode(mac)) | credential::same(text, &BASE64.encode(mac))
        });
        claimed
            .and(found.ok_or(SignatureError::Mismatch))
            .map(|secret| Verified::by(Trust::BodyOnly, Some(secret)))
    }

    fn parse(
        &self,
        request: &Request<'_>,
        verified: &Verified,
        now: Timestamp,
    ) -> Result<Vec<Parsed>, ParseError> {
        let payload = form::field(request.body, "payload")
            .ok_or_else(|| ParseError::Malformed("the form must have one payload".into()))?;
        let sale = json::parse(payload.as_bytes())
            .map_err(|why| ParseError::Malformed(why.to_string()))?;
        let mut event = Parsed::of(request, verified, now);
        let field = |name| form::field(request.body, name).filter(|value| is_id(value));
        event.native_type = field("type").unwrap_or_else(|| "unknown".to_owned());
        event.account = field("domain_prefix");
        if let Some(at) = time::without_zone(sale.at("updated_at"), Origin::Object) {
            event.occurred_at = at;
        }
        Ok(vec![event.filled(|event| self.fill(event, &sale))])
    }

    fn sign(&self, message: Message, now: Timestamp) -> Message {
        let secret = credential::signing(&self.secrets, now);
        let mac = credential::hmac_sha256(secret.as_bytes(), &[&message.body]);
        let signature = hex::encode(mac);
        message.with(HEADER, format!("signature={signature},algorithm={ALGORITHM}"))
    }
}

impl LightspeedX {
    fn fill(&self, event: &mut Parsed, body: &Json<'_>) -> Result<(), Without> {
        if event.native_type != "sale.update" {
            event.dedup_key = Some(hex::encode(event.body_sha256));
            return ignored(format!("{} says nothing about an order", event.native_type));
        }
        let sale = Sale {
            body,
            currency: self.currency,
            book: &self.book,
            account: event.account.as_deref().unwrap_or_default(),
        };
        let (Some(id), Some(version)) = (body.at("id").id(), body.at("version").integer()) else {
            return unusable("the sale has no id or no version");
        };
        event.dedup_key = Some(format!("{id}:{version}"));
        let effect = sale.effect(id, version)?;
        event.order_refs = sale.references(id, &self.order_ref)?;
        event.effect = effect;
        Ok(())
    }
}

/// The signature in `signature=<…>,algorithm=HMAC-SHA256`. Base64 ends with the sign that separates name and value.
fn signature_in(header: &str) -> Result<&str, SignatureError> {
    let mut signature = None;
    let mut algorithm = None;
    for part in header.split(',') {
        match part.split_once('=') {
            Some(("signature", value)) if signature.is_none() => signature = Some(value),
            Some(("algorithm", value)) if algorithm.is_none() => algorithm = Some(value),
            Some(_) | None => return Err(SignatureError::Malformed),
        }
    }
    signature
        .filter(|_| algorithm == Some(ALGORITHM))
        .ok_or(SignatureError::Malformed)
}
