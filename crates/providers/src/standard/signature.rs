//! `webhook-signature: v1,<base64> v1a,<base64> …` over `<id>.<timestamp>.<body>`.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use subtle::Choice;
use waybill_common::domain::Timestamp;

use super::header;
use crate::credential::{hmac_base64, same};
use crate::{Message, Request, SignatureError};

/// In both directions, as in the official libraries.
const TOLERANCE_SECONDS: u64 = 300;
const SIGNATURES_MAX: usize = 5;
const SEED_BYTES: usize = 32;

/// What the headers claim.
#[derive(Clone, Default)]
pub(super) struct Claim<'a> {
    id: &'a str,
    seconds: &'a str,
    signatures: Vec<&'a str>,
}

/// A configured key.
enum Key {
    Shared(Vec<u8>),
    Public(Vec<u8>),
    Private(Ed25519KeyPair),
}

/// Whether the text is a key of one of the kinds.
pub(super) fn is_key(text: &str) -> bool {
    key(text).is_some()
}

/// The prefix says the kind; the rest is base64 of the key itself. Shared secrets are also given without prefix.
fn key(text: &str) -> Option<Key> {
    let decode = |base64: &str| BASE64.decode(base64).ok().filter(|key| !key.is_empty());
    if let Some(public) = text.strip_prefix("whpk_") {
        return decode(public)
            .filter(|key| key.len() == SEED_BYTES)
            .map(Key::Public);
    }
    if let Some(private) = text.strip_prefix("whsk_") {
        let seed = decode(private)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.get(..SEED_BYTES)?).ok()?;
        return Some(Key::Private(pair));
    }
    decode(text.strip_prefix("whsec_").unwrap_or(text)).map(Key::Shared)
}

impl<'a> Claim<'a> {
    pub(super) fn of(request: &Request<'a>) -> Result<Self, SignatureError> {
        let found = |name| header(request, name).ok_or(SignatureError::Missing);
        let claim = Self {
            id: found("id")?,
            seconds: found("timestamp")?,
            signatures: found("signature")?.split(' ').collect(),
        };
        // A dot in the id would let one signed text be read as two.
        let readable = !claim.id.is_empty()
            && !claim.id.contains('.')
            && claim.time().is_some()
            && claim.signatures.len() <= SIGNATURES_MAX
            && claim
                .signatures
                .iter()
                .all(|signature| !signature.is_empty());
        readable.then_some(claim).ok_or(SignatureError::Malformed)
    }

    fn time(&self) -> Option<Timestamp> {
        let digits = self.seconds.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = digits.then(|| self.seconds.parse().ok()).flatten()?;
        Timestamp::from_seconds(seconds).ok()
    }

    /// The signed time, where it is near enough.
    pub(super) fn recent(&self, now: Timestamp) -> Result<Timestamp, SignatureError> {
        let time = self.time().ok_or(SignatureError::Malformed)?;
        if time.seconds().abs_diff(now.seconds()) > TOLERANCE_SECONDS {
            return Err(SignatureError::TooOld);
        }
        Ok(time)
    }

    /// Whether one of the signatures was made with that key.
    pub(super) fn is_by(&self, secret: &str, body: &[u8]) -> Choice {
        match key(secret) {
            Some(Key::Shared(key)) => {
                let parts = [self.id.as_bytes(), b".", self.seconds.as_bytes(), b".", body];
                let expected = hmac_base64(&key, &parts);
                self.of_scheme("v1,")
                    .fold(Choice::from(0), |found, text| found | same(text, &expected))
            }
            Some(Key::Public(key)) => self.is_of(&key, body),
            Some(Key::Private(pair)) => self.is_of(pair.public_key().as_ref(), body),
            None => Choice::from(0),
        }
    }

    fn is_of(&self, public: &[u8], body: &[u8]) -> Choice {
        let key = UnparsedPublicKey::new(&ED25519, public);
        let signed = signed_text(self.id, self.seconds, body);
        let found = self.of_scheme("v1a,").any(|text| {
            BASE64
                .decode(text)
                .is_ok_and(|signature| key.verify(&signed, &signature).is_ok())
        });
        Choice::from(u8::from(found))
    }

    fn of_scheme(&self, prefix: &'static str) -> impl Iterator<Item = &'a str> {
        self.signatures
            .iter()
            .filter_map(move |signature| signature.strip_prefix(prefix))
    }
}

/// Signs a message under its own `webhook-id`. A public key signs nothing.
pub(super) fn sign(message: Message, secret: &str, now: Timestamp) -> Message {
    let seconds = now.seconds().to_string();
    let id = header(&message.request(), "id")
        .unwrap_or("msg_1")
        .to_owned();
    let signed = signed_text(&id, &seconds, &message.body);
    let signature = match key(secret) {
        Some(Key::Shared(key)) => format!("v1,{}", hmac_base64(&key, &[&signed])),
        Some(Key::Private(pair)) => format!("v1a,{}", BASE64.encode(pair.sign(&signed))),
        Some(Key::Public(_)) | None => String::new(),
    };
    let named = header(&message.request(), "id").is_some();
    let message = if named { message } else { message.with("webhook-id", id) };
    message
        .with("webhook-timestamp", seconds)
        .with("webhook-signature", signature)
}

fn signed_text(id: &str, seconds: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", seconds.as_bytes(), b".", body].concat()
}
