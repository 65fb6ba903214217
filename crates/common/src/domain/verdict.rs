//! How an event ended.

use serde::{Deserialize, Serialize};

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

impl Verdict {
    pub const ALL: [Self; 6] =
        [Self::Applied, Self::NoChange, Self::Duplicate, Self::Conflict, Self::Ignored, Self::Dead];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::NoChange => "no_change",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::Ignored => "ignored",
            Self::Dead => "dead",
        }
    }
}
