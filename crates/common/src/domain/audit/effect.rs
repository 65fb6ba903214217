//! The column `effect` of a trail's row: what the row did to the order's facts.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::Kind;
use crate::domain::{Effect, Facts, Flag, Reference};

/// Its JSON is that of the event's effect, or an object whose `kind` is the row's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrailEffect {
    Event(Effect),
    /// Carries what the other order knew, so that the fold of this trail stands alone, and where the other's trail
    /// ended.
    Absorb(Absorb),
    Absorbed(Absorbed),
    Acknowledged(Acknowledged),
    Part(Part),
    Parted(Parted),
}

/// The order that was taken in, at that moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absorb {
    pub order_id: Uuid,
    #[serde(with = "hex::serde")]
    pub head_hash: [u8; 32],
    pub facts: Facts,
}

/// The order that took this one in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absorbed {
    pub into: Uuid,
}

/// What raised a flag when an operator acknowledged it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    pub flag: Flag,
    /// docs/RULES.md, "Acknowledgements".
    pub causes: BTreeSet<String>,
}

/// What an order parted with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The order that it counts for now.
    pub order_id: Uuid,
    /// Rows of this trail, by `seq`, that are folded here no more.
    pub rows: BTreeSet<i64>,
    /// The names that went.
    pub names: BTreeSet<String>,
    /// Names that only those rows told of, and that stay all the same.
    pub references: Vec<Reference>,
}

/// What an order began with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parted {
    /// The order that it counted for before.
    pub order_id: Uuid,
    /// Where that one's trail ended before its row `part`.
    #[serde(with = "hex::serde")]
    pub head_hash: [u8; 32],
    pub facts: Facts,
}

/// The column cannot be read as what its row says it is.
#[derive(Debug, thiserror::Error)]
#[error("the effect is none of a row of kind {kind}")]
pub struct EffectError {
    kind: Kind,
    #[source]
    cause: serde_json::Error,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Tagged<'a> {
    Absorb(&'a Absorb),
    Absorbed(&'a Absorbed),
    Acknowledge(&'a Acknowledged),
    Part(&'a Part),
    Parted(&'a Parted),
}

impl TrailEffect {
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Event(_) => Kind::Event,
            Self::Absorb(_) => Kind::Absorb,
            Self::Absorbed(_) => Kind::Absorbed,
            Self::Acknowledged(_) => Kind::Acknowledge,
            Self::Part(_) => Kind::Part,
            Self::Parted(_) => Kind::Parted,
        }
    }

    /// The value of the column.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let value = match self {
            Self::Event(effect) => serde_json::to_value(effect),
            Self::Absorb(absorb) => serde_json::to_value(Tagged::Absorb(absorb)),
            Self::Absorbed(absorbed) => serde_json::to_value(Tagged::Absorbed(absorbed)),
            Self::Acknowledged(seen) => serde_json::to_value(Tagged::Acknowledge(seen)),
            Self::Part(part) => serde_json::to_value(Tagged::Part(part)),
            Self::Parted(parted) => serde_json::to_value(Tagged::Parted(parted)),
        };
        value.expect("text, integers and maps with text as keys always have a JSON form")
    }

    /// Reads the column of a row of this kind.
    ///
    /// # Errors
    /// Where the value has another shape.
    pub fn read(kind: Kind, value: &Value) -> Result<Self, EffectError> {
        match kind {
            Kind::Event => Effect::deserialize(value).map(Self::Event),
            Kind::Absorb => Absorb::deserialize(value).map(Self::Absorb),
            Kind::Absorbed => Absorbed::deserialize(value).map(Self::Absorbed),
            Kind::Acknowledge => Acknowledged::deserialize(value).map(Self::Acknowledged),
            Kind::Part => Part::deserialize(value).map(Self::Part),
            Kind::Parted => Parted::deserialize(value).map(Self::Parted),
        }
        .map_err(|cause| EffectError { kind, cause })
    }
}
