//! One thing a provider says about one operation on an order's money or goods.

use serde::{Deserialize, Serialize};

use super::names::named;
use super::{INTEGER_MAX, Money, Timestamp};

/// What was done to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Place,
    Authorize,
    Capture,
    Void,
    Refund,
    Dispute,
    Fulfil,
    Deliver,
    Return,
    Cancel,
    Close,
    Expire,
}

named!(Operation {
    Place => "place",
    Authorize => "authorize",
    Capture => "capture",
    Void => "void",
    Refund => "refund",
    Dispute => "dispute",
    Fulfil => "fulfil",
    Deliver => "deliver",
    Return => "return",
    Cancel => "cancel",
    Close => "close",
    Expire => "expire",
});

/// How far an operation has come. Later variants outrank earlier ones when two facts about the same
/// operation meet; the derive order is the rule (DOMAIN.md, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Requested,
    Pending,
    Succeeded,
    Failed,
    Lost,
    Won,
}

named!(Outcome {
    Requested => "requested",
    Pending => "pending",
    Succeeded => "succeeded",
    Failed => "failed",
    Lost => "lost",
    Won => "won",
});

/// How an amount is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// What this operation alone moved.
    Delta,
    /// What all operations of the group have moved so far.
    Cumulative,
}

/// One statement about one operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fact {
    /// Who tells: `payments`, or a shop (DOMAIN.md, section 2).
    pub book: String,
    pub op: Operation,
    /// The operation's id, qualified by provider and account.
    pub op_ref: String,
    /// The payment that the operation belongs to; absent: a group of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    pub mode: Mode,
    /// A capture that its sender calls a part of the total.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// What decides first between two facts about one operation: the event's own time in microseconds or its
    /// version, 0 where the outcome's rank alone decides. See [`first_at`].
    pub first: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A time as the first term of precedence, capped at what JSON carries exactly (the year 2255).
#[must_use]
pub fn first_at(time: Timestamp) -> i64 {
    time.micros().min(INTEGER_MAX)
}
