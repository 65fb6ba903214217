//! What a webhook means and what an order's state is. Pure: no I/O, no clock, no randomness.

mod derive;
mod event;
mod fact;
mod facts;
mod key;
mod label;
mod money;
pub(crate) mod names;
mod reference;
#[cfg(test)]
mod sample;
mod status;
mod tallied;
mod timestamp;
mod verdict;

pub mod audit;
pub mod canonical;
pub mod counts;
pub mod envelope;
pub mod jcs;
pub mod reason;

pub use event::{CanonicalEvent, Effect, Hint, OccurredAt, Origin, Precision, Snapshot, Trust};
pub use fact::{Fact, Mode, Operation, Outcome, first_at};
pub use facts::{ADMIN, Facts, Told};
pub use key::event_key;
pub use label::{Label, label};
pub use money::{Currency, Money, MoneyError};
pub use names::UnknownName;
pub use reference::Reference;
pub use status::{Dispute, Flag, Fulfilment, Lifecycle, OrderMoney, OrderState, Payment, Status};
pub use tallied::Tallied;
pub use timestamp::{Timestamp, TimestampError};
pub use verdict::Verdict;

/// The greatest integer that every JSON reader keeps exactly: 2^53 − 1 (RFC 8785 builds on IEEE doubles).
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

/// The version of the rules by which this code folds; written on every row of a trail.
pub const RULES: i16 = 1;
