//! `dead_letters`: events that ended dead, with the whole message, so that operators can understand and replay them.

mod bury;
mod list;
mod replay;
mod search;
mod write;

pub use bury::{Body, Burial, UNDECODABLE_SOURCE, bury, undecodable_id};
pub use list::{DeadLetter, list};
pub use replay::{begin_replay, give_back, message};
pub use search::{Group, Search, find, groups, search};

pub(super) use write::{DeadRow, mark_replayed, write};

use crate::domain::names::named;

/// Why an event is dead, as a class; the error text has the particulars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeathReason {
    /// Authentic, but it cannot be understood.
    Unusable,
    /// The message is none of ours.
    Undecodable,
    /// Every retry failed.
    Exhausted,
    /// The database refuses it, today and tomorrow.
    Refused,
    /// Workers died with it in their hands.
    Crashed,
}

named!(DeathReason {
    Unusable => "unusable",
    Undecodable => "undecodable",
    Exhausted => "exhausted",
    Refused => "refused",
    Crashed => "crashed",
});
