//! The least and the greatest that was told of one thing: two numbers show any contradiction, whoever came first.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::amount::Short;
use crate::domain::Money;

/// Written as one amount where there is only one, else as a pair of amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain) struct Range {
    least: Money,
    greatest: Money,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Wire {
    One(Short),
    Two(Short, Short),
}

impl Range {
    pub(super) fn of(amount: Money) -> Self {
        Self { least: amount, greatest: amount }
    }

    /// Returns whether it grew.
    pub(super) fn join(&mut self, other: Self) -> bool {
        let before = *self;
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
        *self != before
    }

    pub(in crate::domain) fn least(self) -> Money {
        self.least
    }

    pub(in crate::domain) fn greatest(self) -> Money {
        self.greatest
    }

    pub(in crate::domain) fn is_contradiction(self) -> bool {
        self.least != self.greatest
    }
}

impl Serialize for Range {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { least, greatest } = *self;
        match self.is_contradiction() {
            true => Wire::Two(least.into(), greatest.into()).serialize(serializer),
            false => Wire::One(least.into()).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Wire::deserialize(deserializer)? {
            Wire::One(only) => Self::of(only.money()?),
            Wire::Two(least, greatest) => {
                Self { least: least.money()?, greatest: greatest.money()? }
            }
        })
    }
}
