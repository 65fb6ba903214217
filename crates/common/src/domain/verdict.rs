//! How an event ended.

use serde::{Deserialize, Serialize};

use super::names::named;

/// The final word on one event (DOMAIN.md, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The order's facts changed.
    Applied,
    /// Authentic and new, but the join already knew.
    NoChange,
    /// Key and hash were known.
    Duplicate,
    /// It contradicts what stands.
    Conflict,
    /// Authentic, but nothing to do with an order.
    Ignored,
    /// It cannot be understood, or it failed for good.
    Dead,
}

named!(Verdict {
    Applied => "applied",
    NoChange => "no_change",
    Duplicate => "duplicate",
    Conflict => "conflict",
    Ignored => "ignored",
    Dead => "dead",
});
