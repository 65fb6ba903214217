//! The audit trail: one chained row for each event that reached an order, and its verification. Its format, for
//! anyone who writes a verifier of his own, is docs/AUDIT.md.

mod effect;
mod fault;
mod fold;
mod leaving;
mod verify;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::canonical::{self, CanonicalError};
use super::names::named;
use super::{Label, Reference, Status, Timestamp, Trust, Verdict};

pub use effect::{Absorb, Absorbed, Acknowledged, EffectError, Part, Parted, TrailEffect};
pub use fault::Fault;
pub use fold::{fold_trail, states_of_trail};
pub use leaving::Leaving;
pub use verify::{Row, Stored, verify_trail};

/// The `prev_hash` of a trail's first row.
pub const GENESIS: [u8; 32] = [0; 32];

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An event reached the order.
    Event,
    /// The order took another one in.
    Absorb,
    /// The order became part of another one.
    Absorbed,
    /// An operator has seen what raises a flag.
    Acknowledge,
    /// An operator undid a link: what came by some names counts for another order from now on.
    Part,
    /// The order began as what another one parted with.
    Parted,
}

named!(Kind {
    Event => "event",
    Absorb => "absorb",
    Absorbed => "absorbed",
    Acknowledge => "acknowledge",
    Part => "part",
    Parted => "parted",
});

/// One row of a trail, without its two hashes: exactly what is hashed. Rows of absorption carry the webhook that
/// caused them; rows of an operator have source `admin` and the id of the operator's action in the webhook's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub order_id: Uuid,
    /// 1, 2, … within the order.
    pub seq: i64,
    pub kind: Kind,
    pub webhook_id: Uuid,
    pub source: String,
    pub dedup_key: String,
    #[serde(with = "hex::serde")]
    pub body_sha256: [u8; 32],
    pub native_type: String,
    pub verdict: Verdict,
    /// None where the status stayed.
    pub label: Option<Label>,
    /// The `to_status` of the row before; none on the first.
    pub from_status: Option<Status>,
    pub to_status: Status,
    pub reason: String,
    pub trust: Trust,
    pub order_refs: Vec<Reference>,
    /// The jsonb as it is stored, so that nothing in it escapes the hash. See [`TrailEffect`].
    pub effect: Value,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub correlation_id: String,
    pub trace_id: Option<String>,
    /// The version of the rules that folded it; see [`super::RULES`].
    pub rules: i16,
}

impl Record {
    /// SHA-256(previous hash ‖ canonical JSON of the record).
    ///
    /// # Errors
    /// Where a number or text of the record cannot be kept exactly: such an event is poisonous and must not be stored.
    pub fn hash(&self, previous: &[u8; 32]) -> Result<[u8; 32], CanonicalError> {
        canonical::sha256(previous, self)
    }
}

#[cfg(test)]
mod tests;
