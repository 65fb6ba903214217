//! `dead_letters`: events that ended dead, with the whole message, so that operators can understand and replay them.

mod bury;
mod list;
mod replay;
mod search;
mod select;
mod write;

pub use bury::{Body, Burial, UNDECODABLE_SOURCE, bury, undecodable_id};
pub use list::{DeadLetter, list};
pub use replay::{
    Message, Standing, Turn, begin_one_of_many, begin_replay, close, give_back, message, messages,
    standing,
};
pub use search::{Group, Search, find, groups, search};
pub use select::{Selection, count_waiting, of_replay, waiting};

pub(super) use write::{DeadRow, mark_replayed, write};

use serde::{Deserialize, Serialize};

use crate::domain::names::named;

/// Why an event is dead, as a class; the error text has the particulars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
