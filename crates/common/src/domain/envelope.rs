//! The message between ingest and worker: a canonical event with the bytes it came from (DESIGN.md, section 4).

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CanonicalEvent, Effect, OccurredAt, Reference, Timestamp, Trust};

/// The version of the message body that this code writes, and the only one it reads.
pub const VERSION: u64 = 1;

/// One accepted event on its way to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub event: CanonicalEvent,
    pub received_at: Timestamp,
    pub correlation_id: String,
    /// The bytes as they were signed; of a batch, this event's item.
    pub body: Vec<u8>,
    /// The request's headers that are kept, by an allow-list; never a credential.
    pub headers: BTreeMap<String, String>,
}

#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Written by a newer Waybill: it waits for a worker that understands it.
    #[error("message version {0} is not known here")]
    UnknownVersion(u64),
    #[error("not a message of ours")]
    Malformed(#[source] serde_json::Error),
    #[error("the body is not valid base64")]
    Body(#[source] base64::DecodeError),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BodyEncoding {
    Utf8,
    Base64,
}

/// The JSON itself; unknown fields are ignored.
#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    v: u64,
    webhook_id: Uuid,
    source: Cow<'a, str>,
    provider: Cow<'a, str>,
    account: Option<Cow<'a, str>>,
    received_at: Timestamp,
    correlation_id: Cow<'a, str>,
    dedup_key: Cow<'a, str>,
    #[serde(with = "hex::serde")]
    body_sha256: [u8; 32],
    native_type: Cow<'a, str>,
    occurred_at: OccurredAt,
    trust: Trust,
    order_refs: Cow<'a, [Reference]>,
    effect: Cow<'a, Effect>,
    body: Cow<'a, str>,
    body_encoding: BodyEncoding,
    headers: Cow<'a, BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u64,
}

impl Envelope {
    /// The message body.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (body, body_encoding) = match std::str::from_utf8(&self.body) {
            Ok(text) => (Cow::Borrowed(text), BodyEncoding::Utf8),
            Err(_) => (Cow::Owned(BASE64.encode(&self.body)), BodyEncoding::Base64),
        };
        let event = &self.event;
        let wire = Wire {
            v: VERSION,
            webhook_id: event.webhook_id,
            source: (&event.source).into(),
            provider: (&event.provider).into(),
            account: event.account.as_deref().map(Cow::Borrowed),
            received_at: self.received_at,
            correlation_id: (&self.correlation_id).into(),
            dedup_key: (&event.dedup_key).into(),
            body_sha256: event.body_sha256,
            native_type: (&event.native_type).into(),
            occurred_at: event.occurred_at,
            trust: event.trust,
            order_refs: (&event.order_refs).into(),
            effect: Cow::Borrowed(&event.effect),
            body,
            body_encoding,
            headers: Cow::Borrowed(&self.headers),
        };
        serde_json::to_vec(&wire).expect("strings and numbers always have a JSON form")
    }

    /// Reads a message body.
    ///
    /// # Errors
    /// See [`EnvelopeError`]: what is too new waits, what is malformed never gets better.
    pub fn decode(message: &[u8]) -> Result<Self, EnvelopeError> {
        let wire = match serde_json::from_slice::<Wire<'_>>(message) {
            Ok(wire) if wire.v == VERSION => wire,
            Ok(wire) => return Err(EnvelopeError::UnknownVersion(wire.v)),
            Err(malformed) => return Err(newer_or(message, malformed)),
        };
        let body = match wire.body_encoding {
            BodyEncoding::Utf8 => wire.body.into_owned().into_bytes(),
            BodyEncoding::Base64 => BASE64
                .decode(wire.body.as_bytes())
                .map_err(EnvelopeError::Body)?,
        };
        Ok(Self {
            event: CanonicalEvent {
                webhook_id: wire.webhook_id,
                source: wire.source.into_owned(),
                provider: wire.provider.into_owned(),
                account: wire.account.map(Cow::into_owned),
                dedup_key: wire.dedup_key.into_owned(),
                body_sha256: wire.body_sha256,
                native_type: wire.native_type.into_owned(),
                occurred_at: wire.occurred_at,
                trust: wire.trust,
                order_refs: wire.order_refs.into_owned(),
                effect: wire.effect.into_owned(),
            },
            received_at: wire.received_at,
            correlation_id: wire.correlation_id.into_owned(),
            body,
            headers: wire.headers.into_owned(),
        })
    }
}

/// A later version may have a shape that does not fit ours; its number is then all that can be read.
fn newer_or(message: &[u8], malformed: serde_json::Error) -> EnvelopeError {
    match serde_json::from_slice::<VersionOnly>(message) {
        Ok(VersionOnly { v }) if v != VERSION => EnvelopeError::UnknownVersion(v),
        Ok(_) | Err(_) => EnvelopeError::Malformed(malformed),
    }
}

#[cfg(test)]
mod tests;
