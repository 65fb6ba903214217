//! How each provider signs, identifies and tells its events. Pure: bytes in, canonical events out, no I/O.
//!
//! One file per provider, one line in [`adapter`] to register it.

mod adyen;
pub mod again;
mod answer;
mod cloudevents;
mod credential;
mod form;
mod generic;
mod json;
mod lightspeed_c;
mod lightspeed_x;
mod meaning;
mod minor;
mod mollie;
mod mollie_classic;
mod native;
mod paypal;
mod pointed;
mod question;
mod registry;
mod request;
mod scenario;
mod setup;
mod shopify;
mod square;
mod standard;
mod statement;
mod stripe;
mod time;
mod woocommerce;

pub use answer::{Answer, Receipt};
pub use question::Question;
pub use registry::{PROVIDERS, adapter, scenarios};
pub use request::{Found, Header, Headers, Message, Request};
pub use scenario::{Order, Scenario};
pub use setup::SetupError;

use std::collections::BTreeMap;

use uuid::Uuid;
use waybill_common::domain::{
    CanonicalEvent, Effect, Hint, OccurredAt, Reference, Timestamp, Trust,
};

/// Everything Waybill knows about one configured source of one provider.
///
/// The order is the caller's duty: [`verify`](Self::verify) sees raw bytes before anything interprets them, and only
/// what it believed goes to [`parse`](Self::parse).
pub trait Adapter: Send + Sync {
    /// The provider's name, as in the configuration.
    fn provider(&self) -> &'static str;

    /// The content types that [`parse`](Self::parse) reads, in lower case and without parameters; any other is answered
    /// 415. A request that names none is taken at its word.
    fn media_types(&self) -> &'static [&'static str] {
        &["application/json"]
    }

    /// Believes the request, or not. Looks at raw bytes and headers only, compares in constant time and tries every
    /// active secret.
    ///
    /// # Errors
    /// Why it was not believed: for metrics, never for the sender.
    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError>;

    /// The address of a certificate that [`verify`](Self::verify) needs for this request and does not have; only
    /// addresses at the provider's own hosts are ever told. The caller fetches it and hands it to
    /// [`learn`](Self::learn).
    fn wants(&self, _request: &Request<'_>, _now: Timestamp) -> Option<String> {
        None
    }

    /// Keeps a certificate that was fetched because it was [wanted](Self::wants).
    ///
    /// # Errors
    /// If it does not belong to the provider.
    fn learn(&self, _address: &str, _pem: &[u8], _now: Timestamp) -> Result<(), SignatureError> {
        Ok(())
    }

    /// Understands a request that was believed: one event, several in a batch, or none (a ping that names no order:
    /// it is answered and not published). An authentic event that cannot be used is no error but
    /// [`Effect::Unusable`].
    ///
    /// # Errors
    /// What no repeat could mend and the sender should hear.
    fn parse(
        &self,
        request: &Request<'_>,
        verified: &Verified,
        now: Timestamp,
    ) -> Result<Vec<Parsed>, ParseError>;

    /// Headers that [`parse`](Self::parse) reads because the source's configuration says so, names in lower case: they are
    /// kept with the event, so that it can be parsed again.
    fn keeps(&self) -> Vec<&str> {
        Vec::new()
    }

    /// What the provider's API must be asked about the object of a [hint](Effect::Hint); absent where it cannot be asked
    /// about that one.
    fn question(&self, _object: &str) -> Option<Question> {
        None
    }

    /// Understands what the provider's API said of the hint's object: a snapshot of it, as it was at `at`.
    ///
    /// # Errors
    /// Where that is no answer to the question.
    fn answered(&self, _hint: &Hint, _body: &[u8], _at: Timestamp) -> Result<Parsed, ParseError> {
        Err(ParseError::Malformed("nothing was asked".into()))
    }

    /// The answer to a request that is not a POST: a handshake before the first delivery. Absent: 405.
    fn handshake(&self, _method: &str, _request: &Request<'_>) -> Option<Answer> {
        None
    }

    /// Whether the sender sends again what was not accepted. What it does not, is not refused for load.
    fn retries(&self) -> bool {
        true
    }

    /// The answer once every event of the request is confirmed by the broker.
    fn accepted(&self, receipt: &Receipt<'_>) -> Answer {
        Answer::accepted(receipt)
    }

    /// The answer to a repeat that needs no second publish.
    fn repeated(&self, _event: &Parsed) -> Answer {
        Answer::repeated()
    }

    /// Signs a message as this provider would, with the first active secret: for simulators and tests.
    fn sign(&self, message: Message, now: Timestamp) -> Message;
}

/// What verification established.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub trust: Trust,
    /// Which of the source's secrets matched, counted from 0: tells when an old one is no longer used.
    pub secret: Option<usize>,
    /// Likewise of its tokens.
    pub token: Option<usize>,
    /// The time that was signed with the body: tells when a clock is wrong before it is wrong enough to refuse everything.
    pub signed_at: Option<Timestamp>,
    /// Where the signature protects so little that no other body may come under one transmission (PayPal).
    pub transmission: Option<Transmission>,
}

impl Verified {
    /// Nothing but who sent it.
    #[must_use]
    pub fn by(trust: Trust, secret: Option<usize>) -> Self {
        Self { trust, secret, token: None, signed_at: None, transmission: None }
    }
}

/// One sending of a request, under a name of the sender's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmission {
    pub id: String,
    /// Until when it is believed, and its name must therefore be remembered.
    pub until: Timestamp,
}

/// Why a request was not believed. A closed set: it labels a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the signature or token is missing")]
    Missing,
    #[error("the signature header cannot be read")]
    Malformed,
    #[error("the signed time is too old")]
    TooOld,
    #[error("no active secret matches")]
    Mismatch,
    /// It could not be fetched, or was not the provider's.
    #[error("the certificate that it was signed with is not known")]
    NoCertificate,
}

/// Why an authentic request has no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Answered 400, with this sentence.
    #[error("{0}")]
    Malformed(String),
    /// Answered 422: field by field what is wrong. Only for senders that we define ourselves (native).
    #[error("the given data was invalid")]
    Invalid(BTreeMap<String, Vec<String>>),
}

/// One event as its adapter understood it; ingest adds who and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    pub account: Option<String>,
    /// Absent: the event is its own key (a hint), and its `webhook_id` is used.
    pub dedup_key: Option<String>,
    pub body_sha256: [u8; 32],
    pub native_type: String,
    pub occurred_at: OccurredAt,
    pub trust: Trust,
    pub order_refs: Vec<Reference>,
    pub effect: Effect,
    /// The sender's own correlation id.
    pub correlation_id: Option<String>,
    /// Native: the transaction, which its answers repeat.
    pub txn_id: Option<String>,
    /// Of a batch, this event's own bytes; absent: the request's body.
    pub body: Option<Vec<u8>>,
}

impl Parsed {
    /// The canonical event.
    #[must_use]
    pub fn received(self, webhook_id: Uuid, source: &str, provider: &str) -> CanonicalEvent {
        CanonicalEvent {
            webhook_id,
            source: source.to_owned(),
            provider: provider.to_owned(),
            account: self.account,
            dedup_key: self.dedup_key.unwrap_or_else(|| webhook_id.to_string()),
            body_sha256: self.body_sha256,
            native_type: self.native_type,
            occurred_at: self.occurred_at,
            trust: self.trust,
            order_refs: self.order_refs,
            effect: self.effect,
        }
    }
}
