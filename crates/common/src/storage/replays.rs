//! `replays`: replays of many dead letters, how far each has come, and who is at work on it.
//!
//! **States.** A replay is `running` from the moment it is asked for. It ends `finished`, when its last letter is counted,
//! or `cancelled`, when somebody says so. It never runs again.
//!
//! **Who is at work.** One holder at a time, by a conditional update: [`take`] gives a running replay that nobody holds, or
//! whose holder gave no sign of life until its lease ended; [`take_one`] the one that is asked for. Each taking has an id of its own, so whatever a holder of
//! former days still writes changes no row.
//!
//! **What is counted.** Each letter once, by [`note`], which moves the position too. A holder that dies between a letter's
//! commit and its count leaves a letter that names the replay; the next holder meets it first, and counts it by its
//! verdict.

mod ask;
mod find;
mod work;

pub use ask::{NewReplay, cancel, create};
pub use find::{Counts, Replay, find, list};
pub use work::{Note, finish, note, release, take, take_one};

use crate::domain::names::named;

/// The most letters that a replay may try in a second. One after the other, a replay does not come further anyway.
pub const RATE_MAX: u16 = 500;

/// What became of one letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Applied,
    NoChange,
    Duplicate,
    Conflict,
    Ignored,
    /// It cannot be used today either, and is dead.
    Unusable,
    /// Somebody else replayed it.
    Elsewhere,
    /// It failed, as often as it was tried, by what may pass; it is dead.
    Missed,
}

named!(Outcome {
    Applied => "applied",
    NoChange => "no_change",
    Duplicate => "duplicate",
    Conflict => "conflict",
    Ignored => "ignored",
    Unusable => "unusable",
    Elsewhere => "elsewhere",
    Missed => "missed",
});
