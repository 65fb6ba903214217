//! The headers of one transmission, and what of it is signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use waybill_common::domain::Timestamp;

use super::certificate::RsaKey;
use crate::credential::header;
use crate::meaning::is_id;
use crate::{Message, Request, SignatureError, Transmission};

const ID: &str = "paypal-transmission-id";
const TIME: &str = "paypal-transmission-time";
const SIGNATURE: &str = "paypal-transmission-sig";
const CERTIFICATE: &str = "paypal-cert-url";
const ALGORITHM: &str = "paypal-auth-algo";

/// As long as `PayPal` repeats, and a little more.
const AGE_MAX_SECONDS: i64 = 80 * 3600;
const AHEAD_MAX_SECONDS: i64 = 300;
/// The only hosts that a certificate is ever fetched from, and the only place at them.
const HOSTS: [&str; 4] = [
    "https://api.paypal.com/",
    "https://api-m.paypal.com/",
    "https://api.sandbox.paypal.com/",
    "https://api-m.sandbox.paypal.com/",
];
const PLACE: &str = "v1/notifications/certs/";

/// What one request says of itself.
pub(super) struct Sent<'a> {
    pub(super) id: &'a str,
    /// As it is signed.
    time: &'a str,
    pub(super) at: Timestamp,
    pub(super) signature: Vec<u8>,
    pub(super) certificate: &'a str,
}

impl<'a> Sent<'a> {
    pub(super) fn of(request: &Request<'a>) -> Result<Self, SignatureError> {
        let read = |name| header(request, name);
        let (id, time) = (read(ID)?, read(TIME)?);
        let (signature, certificate) = (read(SIGNATURE)?, read(CERTIFICATE)?);
        let at = Timestamp::parse(time).map_err(|_wrong| SignatureError::Malformed)?;
        let signature = BASE64
            .decode(signature)
            .map_err(|_wrong| SignatureError::Malformed)?;
        let readable = is_id(id) && is_address(certificate) && read(ALGORITHM)? == "SHA256withRSA";
        readable
            .then_some(Self { id, time, at, signature, certificate })
            .ok_or(SignatureError::Malformed)
    }

    pub(super) fn signed_text(&self, webhook_id: &str, body: &[u8]) -> Vec<u8> {
        signed_text(self.id, self.time, webhook_id, body)
    }

    /// # Errors
    /// Where it is too old, or from too far ahead.
    pub(super) fn recent(&self, now: Timestamp) -> Result<Transmission, SignatureError> {
        let age = now.seconds() - self.at.seconds();
        if !(-AHEAD_MAX_SECONDS..=AGE_MAX_SECONDS).contains(&age) {
            return Err(SignatureError::TooOld);
        }
        let until = self.at.micros().saturating_add(AGE_MAX_SECONDS * 1_000_000);
        let until = Timestamp::from_micros_saturating(until);
        Ok(Transmission { id: self.id.to_owned(), until })
    }
}

/// Whether a certificate may be fetched from there. No other spelling of the same place is accepted.
pub(super) fn is_address(text: &str) -> bool {
    HOSTS
        .iter()
        .filter_map(|host| text.strip_prefix(host)?.strip_prefix(PLACE))
        .any(|name| is_id(name) && !name.contains(['.', ':']))
}

fn signed_text(id: &str, time: &str, webhook_id: &str, body: &[u8]) -> Vec<u8> {
    format!("{id}|{time}|{webhook_id}|{}", crc32fast::hash(body)).into_bytes()
}

/// Signs with the first of the keys that can.
pub(super) fn sign<'a>(
    message: Message,
    keys: impl Iterator<Item = &'a RsaKey>,
    webhook_id: &str,
    now: Timestamp,
) -> Message {
    let time = now.to_string();
    // Its own for each body, so that a transmission is not taken for another one's replay.
    let id = format!("transmission-{:08x}", crc32fast::hash(&message.body));
    let signed = signed_text(&id, &time, webhook_id, &message.body);
    let signature = keys
        .into_iter()
        .find_map(|key| key.sign(&signed))
        .unwrap_or_default();
    message
        .with(ID, id)
        .with(TIME, time)
        .with(SIGNATURE, BASE64.encode(signature))
        .with(CERTIFICATE, format!("{}{PLACE}CERT-simulated", HOSTS[2]))
        .with(ALGORITHM, "SHA256withRSA")
}
