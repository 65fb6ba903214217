//! The canonical form of one webhook: what every adapter produces and everything else consumes.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::names::named;
use super::{Fact, Fulfilment, Lifecycle, Money, Payment, Reference, Timestamp};

/// One authentic event, in our words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanonicalEvent {
    /// Made by ingest, uuid v7; `webhooks.id`.
    pub webhook_id: Uuid,
    /// The configured name of the sender.
    pub source: String,
    /// The kind of sender, such as `stripe`.
    pub provider: String,
    /// The provider's account (Stripe account, shop domain, merchant account), where it has one.
    pub account: Option<String>,
    /// Unique together with the source.
    pub dedup_key: String,
    /// SHA-256 of what is meant (DOMAIN.md, section 2): two webhooks under one key with different hashes contradict
    /// each other.
    #[serde(with = "hex::serde")]
    pub body_sha256: [u8; 32],
    /// The provider's own type, verbatim.
    pub native_type: String,
    pub occurred_at: OccurredAt,
    pub trust: Trust,
    /// At most one is the merchant's.
    pub order_refs: Vec<Reference>,
    pub effect: Effect,
}

/// When the event happened, by its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OccurredAt {
    pub at: Timestamp,
    pub precision: Precision,
    pub origin: Origin,
}

/// The finest unit that the sender told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    S,
    Ms,
    Us,
}

/// Where the time was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Event,
    Object,
    Header,
    /// The sender told no time: it is when we received it, and never decides precedence.
    Received,
}

/// How far the sender's word is protected; later variants are stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Anyone could have sent it.
    Unsigned,
    /// The signature covers only a checksum of the body (PayPal).
    Checksum,
    /// A shared token; nothing protects the body but the connection.
    Bearer,
    /// Some fields are signed (Adyen).
    Fields,
    /// The body is signed, the headers and the time are not.
    BodyOnly,
    /// Body and time are signed.
    Full,
}

named!(Trust {
    Unsigned => "unsigned",
    Checksum => "checksum",
    Bearer => "bearer",
    Fields => "fields",
    BodyOnly => "body_only",
    Full => "full",
});

/// What the event says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    Facts {
        facts: Vec<Fact>,
    },
    /// The state of a whole object; it may bring facts too.
    Snapshot {
        snapshot: Snapshot,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        facts: Vec<Fact>,
    },
    Hint {
        hint: Hint,
    },
    /// A ping, handshake or test.
    Control {
        control: String,
    },
    /// Authentic, but nothing to do with an order.
    Ignored {
        reason: String,
    },
    /// Authentic, but it cannot be understood.
    Unusable {
        reason: String,
    },
}

/// The state of one object as its owner tells it. Each field is its own register; an absent one says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// A reference name of the object, such as `shopify.order:<shop>:<id>`.
    pub object: String,
    /// Who tells (DOMAIN.md, section 2).
    pub book: String,
    /// The object's version or time; see [`Fact::first`].
    pub first: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fulfilment: Option<Fulfilment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunded: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// A thin event: something about this object changed, the provider must be asked what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    pub object: String,
    pub at: Timestamp,
}
