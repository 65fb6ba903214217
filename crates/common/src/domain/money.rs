//! Money: integer minor units of an ISO 4217 currency. Never a float, never rounded.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::INTEGER_MAX;

/// A currency of ISO 4217 that has minor units (gold and other codes without are refused).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

/// An amount: `minor` units, |minor| ≤ 2^53 − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    // The order of the fields is the order of comparison: currencies first, so that a maximum never depends on arrival.
    currency: Currency,
    minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("must be a currency of ISO 4217")]
    UnknownCurrency,
    #[error("must be a decimal number with at most {exponent} digits for {currency}")]
    NotDecimal { currency: Currency, exponent: u8 },
    #[error("is larger than can be kept exactly")]
    TooLarge,
}

impl Currency {
    /// From its three letters, in either case.
    ///
    /// # Errors
    /// `UnknownCurrency` where ISO 4217 has no such code or gives it no minor unit.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        iso_currency::Currency::from_str(&code.to_ascii_uppercase())
            .ok()
            .filter(|currency| currency.exponent().is_some())
            .map(Self)
            .ok_or(MoneyError::UnknownCurrency)
    }

    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimal digits the minor unit stands for.
    #[must_use]
    pub fn exponent(self) -> u8 {
        let digits = self.0.exponent().expect("checked when it was made");
        u8::try_from(digits).expect("ISO 4217 knows at most four digits")
    }
}

impl Money {
    /// # Errors
    /// `TooLarge` outside ±(2^53 − 1).
    pub fn from_minor(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        (-INTEGER_MAX..=INTEGER_MAX)
            .contains(&minor)
            .then_some(Self { currency, minor })
            .ok_or(MoneyError::TooLarge)
    }

    /// From decimal text such as `99.9` or `-12`, as JSON numbers and provider strings write it. Trailing zeros do
    /// not count as digits.
    ///
    /// # Errors
    /// `NotDecimal` for anything else, exponent notation included; `TooLarge` outside ±(2^53 − 1) minor units.
    pub fn from_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let exponent = currency.exponent();
        let refused = MoneyError::NotDecimal { currency, exponent };
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => {
                (whole, fraction.trim_end_matches('0'))
            }
            Some(_) => return Err(refused),
            None => (digits, ""),
        };
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let places = usize::from(exponent);
        if whole.is_empty()
            || !all_digits(whole)
            || !all_digits(fraction)
            || fraction.len() > places
        {
            return Err(refused);
        }
        let whole = whole.trim_start_matches('0');
        let text = format!("0{whole}{fraction:0<places$}");
        // Only digits are left, so the only way to fail is size.
        let minor = i64::from_str(&text).map_err(|_too_many_digits| MoneyError::TooLarge)?;
        Self::from_minor(if negative { -minor } else { minor }, currency)
    }

    #[must_use]
    pub fn minor(self) -> i64 {
        self.minor
    }

    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }
}

impl fmt::Display for Money {
    /// For people: `99.99 USD`, `500 JPY`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = usize::from(self.currency.exponent());
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let point = if places == 0 { "" } else { "." };
        write!(out, "{sign}{whole}{point}{fraction} {}", self.currency)
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&code).map_err(de::Error::custom)
    }
}

/// How money looks in JSON. The exponent stands there so that a reader needs no table of currencies.
#[derive(Serialize, Deserialize)]
struct Wire {
    minor: i64,
    currency: Currency,
    exponent: u8,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { currency, minor } = *self;
        Wire { minor, currency, exponent: currency.exponent() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        if wire.exponent != wire.currency.exponent() {
            return Err(de::Error::custom("the exponent is not the currency's"));
        }
        Self::from_minor(wire.minor, wire.currency).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
