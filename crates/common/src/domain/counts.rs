//! What ingest tells about how much it accepted: the message between a replica of ingest and the workers.
//!
//! A report is cumulative: for each source and minute all that the replica has accepted so far. One that comes twice
//! changes nothing, one that is lost is made up for by the next.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// The version of the report that this code writes, and the only one it reads.
const VERSION: u64 = 1;

/// What one replica has to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    v: u64,
    /// One life of one process.
    pub replica: String,
    pub counts: Vec<Count>,
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
        Self { v: VERSION, replica: replica.to_owned(), counts }
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
