//! Times on pages: in UTC for whoever has no script, in the reader's zone for everybody else (`assets/times.js`).

use chrono::{DateTime, SecondsFormat, Utc};

/// A time, as `macros.html` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// RFC 3339 in UTC, to the microsecond.
    pub(super) exact: String,
    pub(super) text: String,
}

impl From<DateTime<Utc>> for Moment {
    fn from(at: DateTime<Utc>) -> Self {
        Self {
            exact: at.to_rfc3339_opts(SecondsFormat::Micros, true),
            text: at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        }
    }
}
