//! What adapters share when they turn a payload into its effect.

use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use waybill_common::domain::{
    Effect, Fact, Mode, OccurredAt, Operation, Origin, Outcome, Precision, Snapshot, Timestamp, jcs,
};

use crate::{Parsed, Request, Verified};

/// The longest id that is taken from a payload.
const ID_CHARS_MAX: usize = 128;

/// Why an authentic event brings no facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Without {
    /// It has nothing to do with an order.
    Ignored(String),
    /// It cannot be understood.
    Unusable(String),
}

impl From<Without> for Effect {
    fn from(without: Without) -> Self {
        match without {
            Without::Ignored(reason) => Self::Ignored { reason },
            Without::Unusable(reason) => Self::Unusable { reason },
        }
    }
}

pub(crate) fn ignored<T>(reason: impl Into<String>) -> Result<T, Without> {
    Err(Without::Ignored(reason.into()))
}

pub(crate) fn unusable<T>(reason: impl Into<String>) -> Result<T, Without> {
    Err(Without::Unusable(reason.into()))
}

/// An id as providers and we make them: 1 to 128 of `A-Z a-z 0-9 _ . : -`.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=ID_CHARS_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte))
}

/// A name that people may have given, such as a merchant's `Order #1001`: 1 to 128 characters, no control among them.
pub(crate) fn is_name(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= ID_CHARS_MAX
        && !text.chars().any(char::is_control)
}

/// UUID-shaped ids in lower case, everything else as it is.
pub(crate) fn normal(id: &str) -> String {
    if id.len() == 36 && Uuid::try_parse(id).is_ok() {
        id.to_ascii_lowercase()
    } else {
        id.to_owned()
    }
}

/// SHA-256 of the canonical JSON (RFC 8785) of what is meant; absent where a number is too large to have one.
pub(crate) fn canonical_sha256(meant: &impl Serialize) -> Option<[u8; 32]> {
    jcs::to_vec(meant)
        .ok()
        .map(|json| Sha256::digest(json).into())
}

/// A fact that only moves up the rank of outcomes, without amount.
pub(crate) fn fact(book: &str, op: Operation, op_ref: String, outcome: Outcome) -> Fact {
    Fact {
        book: book.to_owned(),
        op,
        op_ref,
        group: None,
        outcome,
        amount: None,
        mode: Mode::Delta,
        partial: false,
        first: 0,
        reason: None,
    }
}

/// A snapshot that says nothing yet.
pub(crate) fn snapshot(object: String, book: &str, first: i64) -> Snapshot {
    Snapshot {
        object,
        book: book.to_owned(),
        first,
        lifecycle: None,
        payment: None,
        fulfilment: None,
        total: None,
        captured: None,
        refunded: None,
        deleted: None,
    }
}

impl Parsed {
    /// What is known of any authentic request, before it is understood.
    pub(crate) fn of(request: &Request<'_>, verified: &Verified, now: Timestamp) -> Self {
        Self {
            account: None,
            dedup_key: None,
            body_sha256: Sha256::digest(request.body).into(),
            native_type: "unknown".to_owned(),
            occurred_at: OccurredAt { at: now, precision: Precision::Us, origin: Origin::Received },
            trust: verified.trust,
            order_refs: Vec::new(),
            effect: Effect::Unusable { reason: "not understood".to_owned() },
            correlation_id: None,
            txn_id: None,
            body: None,
        }
    }

    /// Adds what the payload says, or why it says nothing.
    pub(crate) fn filled(mut self, fill: impl FnOnce(&mut Self) -> Result<(), Without>) -> Self {
        if let Err(without) = fill(&mut self) {
            self.effect = without.into();
        }
        self
    }
}
