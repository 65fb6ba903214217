//! Any sender that signs its body with an HMAC in a header, as GitHub does: where and how is configured.
//!
//! Rules: PROVIDERS.md, section 2.12. Only the body is signed, so an event's own name is its body's hash.

mod scenarios;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use waybill_common::config::{Algorithm, Encoding, Secret, Signature};
use waybill_common::domain::{Effect, Timestamp, Trust};

use crate::meaning::{is_id, is_name};
use crate::pointed::{Pointed, Shape, Told};
use crate::registry::Provider;
use crate::setup::Setup;
use crate::{
    Adapter, Message, ParseError, Parsed, Request, SetupError, SignatureError, Verified,
    credential, form, json,
};

const NAME: &str = "generic";
/// GitHub's own, which are also the names of its headers.
const SHAPE: Shape = Shape {
    order: "/order/id",
    kind: "/action",
    operations: &["/payment/id", "/refund/id"],
    amount: "/order/total",
    currency: "/order/currency",
    time: "/order/updated_at",
    minor: false,
};

pub(crate) const PROVIDER: Provider =
    Provider { name: NAME, build, scenarios: &scenarios::SCENARIOS };

struct Generic {
    secrets: Vec<Secret>,
    signature: Signature,
    /// The signature's header. A message to be sent has names that live as long as the program.
    header: &'static str,
    pointed: Pointed,
}

fn build(setup: Setup<'_>) -> Result<Box<dyn Adapter>, SetupError> {
    setup.uses_only(&["secrets", "order_ref", "default_currency", "map", "signature"])?;
    let signature = setup.source.signature.clone().unwrap_or_default();
    let names = [&signature.header, &signature.id_header, &signature.type_header];
    if names
        .iter()
        .any(|name| name.bytes().any(|byte| byte.is_ascii_uppercase()))
    {
        return Err(setup.wrong("signature", "must name headers in lower case"));
    }
    // They are kept with the event, and no credential may be.
    let credentials = ["authorization", "cookie", signature.header.as_str()];
    if [&signature.id_header, &signature.type_header]
        .iter()
        .any(|name| credentials.contains(&name.as_str()))
    {
        return Err(setup.wrong("signature", "must not take id or type from a credential"));
    }
    Ok(Box::new(Generic {
        secrets: setup.some("secrets", &setup.source.secrets)?,
        header: signature.header.clone().leak(),
        signature,
        pointed: Pointed::new(setup, &SHAPE)?,
    }))
}

impl Adapter for Generic {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn media_types(&self) -> &'static [&'static str] {
        &["application/json", "application/x-www-form-urlencoded"]
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        let claimed = credential::header(request, self.header);
        credential::one_signature(&self.secrets, now, claimed, |secret| {
            self.written(secret, request.body)
        })
        .map(|secret| Verified::by(Trust::BodyOnly, Some(secret)))
    }

    fn parse(
        &self,
        request: &Request<'_>,
        verified: &Verified,
        now: Timestamp,
    ) -> Result<Vec<Parsed>, ParseError> {
        // A form's signature covers the form; the JSON stands in its one field.
        let payload = form::field(request.body, "payload").map(String::into_bytes);
        let body = payload.as_deref().unwrap_or(request.body);
        let body = json::parse(body).map_err(|why| ParseError::Malformed(why.to_string()))?;
        let mut event = Parsed::of(request, verified, now);
        let hash = hex::encode(event.body_sha256);
        let told = |name: &str| request.headers.get(name).once();
        let id = told(&self.signature.id_header).filter(|id| is_id(id));
        event.dedup_key = Some(id.unwrap_or(&hash).to_owned());
        let kind = self.pointed.kind(&body);
        let named = told(&self.signature.type_header).filter(|name| is_name(name));
        event.native_type = named.or(kind).unwrap_or("unknown").to_owned();
        let at = self.pointed.time(&body);
        event.occurred_at = at.unwrap_or(event.occurred_at);
        Ok(vec![event.filled(|event| {
            if named == Some("ping") {
                event.effect = Effect::Control { control: "ping".to_owned() };
                return Ok(());
            }
            let told = Told { event: &hash, kind, at };
            (event.order_refs, event.effect) = self.pointed.meaning(&body, &told)?;
            Ok(())
        })])
    }

    fn keeps(&self) -> Vec<&str> {
        vec![&self.signature.id_header, &self.signature.type_header]
    }

    /// GitHub's kind sends once.
    fn retries(&self) -> bool {
        self.signature.retries
    }

    fn sign(&self, message: Message, now: Timestamp) -> Message {
        let signature = self.written(credential::signing(&self.secrets, now), &message.body);
        message.with(self.header, signature)
    }
}

impl Generic {
    /// The whole value of the header.
    fn written(&self, secret: &str, body: &[u8]) -> String {
        let mac = match self.signature.algorithm {
            Algorithm::Sha256 => credential::hmac_sha256(secret.as_bytes(), &[body]).to_vec(),
            Algorithm::Sha512 => {
                let mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes());
                let mut mac = mac.expect("HMAC takes keys of any length");
                mac.update(body);
                mac.finalize().into_bytes().to_vec()
            }
        };
        let text = match self.signature.encoding {
            Encoding::Hex => hex::encode(mac),
            Encoding::Base64 => BASE64.encode(mac),
        };
        format!("{}{text}", self.signature.prefix)
    }
}
