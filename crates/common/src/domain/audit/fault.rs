//! What a verification can find.

use crate::domain::{Label, Status};

/// One thing that does not hold; its text is a sentence for an operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the order has no trail")]
    Empty,
    #[error("row {seq} belongs to another order")]
    ForeignRow { seq: i64 },
    #[error("row {found} stands where row {expected} should be")]
    Sequence { expected: i64, found: i64 },
    #[error("row {seq} does not follow the row before it: prev_hash differs")]
    BrokenChain { seq: i64 },
    #[error("row {seq} was changed after it was written: its hash differs")]
    Changed { seq: i64 },
    #[error("row {seq} holds a number or text that cannot be hashed exactly")]
    NotCanonical { seq: i64 },
    #[error("row {seq} begins from another status than the row before ended in")]
    Discontinuity { seq: i64, expected: Option<Status>, found: Option<Status> },
    #[error("row {seq} has another label than its step deserves")]
    Label { seq: i64, expected: Option<Label>, found: Option<Label> },
    #[error("row {seq} was folded by rules that are not known here: version {rules}")]
    UnknownRules { seq: i64, rules: i16 },
    #[error("row {seq} has an effect that cannot be read")]
    Unreadable { seq: i64 },
    #[error("row {seq} has a verdict that no row of a trail can have")]
    Verdict { seq: i64 },
    #[error("row {seq} ended in {found}, but its facts say {expected}")]
    Status { seq: i64, expected: Status, found: Status },
    #[error("the order's head is not the hash of its last row")]
    Head,
    #[error("the order is not absorbed into the order that its trail says")]
    Absorption,
    #[error("the order's facts are not what its trail folds to")]
    Facts,
    #[error("the order's state is not what its trail folds to: {fields}")]
    State {
        /// Names of the columns that differ, separated by commas.
        fields: String,
    },
}
