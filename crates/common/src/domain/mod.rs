//! What a webhook means and what an order's state is. Pure: no I/O, no clock, no randomness.

mod event;
mod fact;
mod key;
mod money;
mod reference;
mod status;
mod timestamp;
mod verdict;

pub mod envelope;

pub use event::{CanonicalEvent, Effect, Hint, OccurredAt, Origin, Precision, Snapshot, Trust};
pub use fact::{Fact, Mode, Operation, Outcome, first_at};
pub use key::event_key;
pub use money::{Currency, Money, MoneyError};
pub use reference::Reference;
pub use status::{Dispute, Flag, Fulfilment, Lifecycle, OrderState, Payment, Status};
pub use timestamp::{Timestamp, TimestampError};
pub use verdict::Verdict;

/// The greatest integer that every JSON reader keeps exactly: 2^53 − 1 (RFC 8785 builds on IEEE doubles).
pub const INTEGER_MAX: i64 = (1 << 53) - 1;
