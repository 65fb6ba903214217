//! What ingest tells about how much it accepted: the message between a replica of ingest and the workers.
//!
//! A report is cumulative: for each source and minute all that the replica has accepted so far, for each secret all that
//! it has verified. One that comes twice changes nothing, one that is lost is made up for by the next.

use serde::{Deserialize, Serialize};

use super::Timestamp;
use super::names::named;

/// The version of the report that this code writes, and the only one it reads.
const VERSION: u64 = 1;

/// What one replica has to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    v: u64,
    /// One life of one process.
    pub replica: String,
    pub counts: Vec<Count>,
    /// Older replicas say nothing of it, and older workers do not read it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretUse>,
}

/// Events of a source that were received within a minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub source: String,
    /// When the minute began.
    pub minute: Timestamp,
    /// Answered with 202.
    pub accepted: u64,
    /// Confirmed by the broker after their sender had been told 503.
    pub recovered: u64,
}

/// What one secret or token of a source has verified in this replica. It is called by its place in the configuration and
/// by nothing that is made of it, so that nobody can guess at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretUse {
    pub source: String,
    pub kind: SecretKind,
    /// Among those of its kind, counted from 0.
    pub position: u16,
    /// When the replica first had it.
    pub since: Timestamp,
    /// Requests.
    pub used: u64,
    /// Absent: never; to the second.
    pub last_used_at: Option<Timestamp>,
    /// When this was so. A replica that is alive tells it every now and then, whether or not anything has changed.
    pub told_at: Timestamp,
}

/// Which list of a source it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    Secret,
    Token,
}

named!(SecretKind { Secret => "secret", Token => "token" });

/// It is no report that this code understands.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("report version {0} is not known here")]
    UnknownVersion(u64),
    #[error("not a report of ours")]
    Malformed(#[source] serde_json::Error),
}

impl Report {
    #[must_use]
    pub fn new(replica: &str, counts: Vec<Count>) -> Self {
        Self { v: VERSION, replica: replica.to_owned(), counts, secrets: Vec::new() }
    }

    /// The same, with what secrets have verified.
    #[must_use]
    pub fn with_secrets(self, secrets: Vec<SecretUse>) -> Self {
        Self { secrets, ..self }
    }

    /// # Panics
    /// Never: texts and numbers always have a JSON form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers always have a JSON form")
    }

    /// # Errors
    /// See [`ReportError`].
    pub fn decode(message: &[u8]) -> Result<Self, ReportError> {
        match serde_json::from_slice::<Self>(message) {
            Ok(report) if report.v == VERSION => Ok(report),
            Ok(report) => Err(ReportError::UnknownVersion(report.v)),
            Err(malformed) => Err(ReportError::Malformed(malformed)),
        }
    }
}

#[cfg(test)]
mod tests;
