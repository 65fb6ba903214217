//! Points in time, truncated to microseconds: what PostgreSQL stores and what is hashed.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Microseconds of 9999-12-31T23:59:59.999999Z, the last time that four digits of a year can tell.
const LAST: i64 = 253_402_300_799_999_999;

/// A time in the years 1970 to 9999, truncated to microseconds. Written as RFC 3339 in UTC with exactly
/// six decimals and `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    #[error("must be a time by RFC 3339")]
    Malformed,
    #[error("must lie in the years 1970 to 9999")]
    OutOfRange,
}

impl Timestamp {
    /// From microseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// `OutOfRange` outside the years 1970 to 9999.
    pub fn from_micros(micros: i64) -> Result<Self, TimestampError> {
        (0..=LAST)
            .contains(&micros)
            .then_some(Self(micros))
            .ok_or(TimestampError::OutOfRange)
    }

    /// From seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// `OutOfRange` outside the years 1970 to 9999.
    pub fn from_seconds(seconds: i64) -> Result<Self, TimestampError> {
        seconds
            .checked_mul(1_000_000)
            .ok_or(TimestampError::OutOfRange)
            .and_then(Self::from_micros)
    }

    /// The nearest time within the range.
    #[must_use]
    pub fn from_micros_saturating(micros: i64) -> Self {
        Self(micros.clamp(0, LAST))
    }

    /// The nearest time within the range, truncated to microseconds.
    #[must_use]
    pub fn saturating(time: DateTime<Utc>) -> Self {
        Self::from_micros_saturating(time.timestamp_micros())
    }

    /// Reads RFC 3339 with any offset; what is finer than a microsecond is cut off.
    ///
    /// # Errors
    /// `Malformed` if it is no RFC 3339 time, `OutOfRange` outside the years 1970 to 9999.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        Self::from_micros(micros(text)?)
    }

    /// Likewise, but the nearest time within the range: a bound for times that lie in it.
    ///
    /// # Errors
    /// `Malformed` if it is no RFC 3339 time.
    pub fn parse_bound(text: &str) -> Result<Self, TimestampError> {
        micros(text).map(Self::from_micros_saturating)
    }

    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0 / 1_000_000
    }

    #[must_use]
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).expect("the range was checked when it was made")
    }
}

fn micros(text: &str) -> Result<i64, TimestampError> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_refused| TimestampError::Malformed)?;
    Ok(time.timestamp_micros())
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(
            &self
                .to_datetime()
                .to_rfc3339_opts(SecondsFormat::Micros, true),
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
