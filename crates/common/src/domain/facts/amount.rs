//! Money inside facts, short: `["USD", 9999]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::{Currency, Money};

/// The JSON of an amount.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Short(Currency, i64);

impl From<Money> for Short {
    fn from(money: Money) -> Self {
        Self(money.currency(), money.minor())
    }
}

impl Short {
    pub(super) fn money<E: de::Error>(self) -> Result<Money, E> {
        Money::from_minor(self.1, self.0).map_err(E::custom)
    }
}

/// Such as `USD 9999`: the exact minor units.
pub(in crate::domain) fn written(money: &Money) -> String {
    format!("{} {}", money.currency().code(), money.minor())
}

/// For `#[serde(with)]` on an optional amount.
pub(super) mod optional {
    use super::{Deserialize, Deserializer, Money, Serialize, Serializer, Short};

    #[expect(clippy::ref_option, reason = "the shape that serde asks for")]
    pub(in super::super) fn serialize<S: Serializer>(
        amount: &Option<Money>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        amount.map(Short::from).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Money>, D::Error> {
        Option::<Short>::deserialize(deserializer)?
            .map(Short::money)
            .transpose()
    }
}
