//! Why a question has no answer.

use std::borrow::Cow;
use std::collections::BTreeMap;

use diesel::result::Error as Database;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Every way in which a question can fail.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("there is no {0} of that name")]
    NotFound(&'static str),
    /// By parameter, what it must be.
    #[error("the request cannot be understood")]
    Invalid(BTreeMap<String, String>),
    #[error("{0}")]
    Conflict(&'static str),
    #[error("the database could not be asked")]
    Database(#[from] Database),
    /// What is stored makes no sense to this program.
    #[error("what is stored cannot be read: {0}")]
    Unreadable(String),
}

impl Refusal {
    /// One parameter that is not what it must be.
    #[must_use]
    pub fn invalid(parameter: &str, must: impl Into<String>) -> Self {
        Self::Invalid([(parameter.to_owned(), must.into())].into())
    }
}

/// The body of every refusal of the API: problem+json (RFC 9457).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// `urn:waybill:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What programs decide by; it does not change.
    #[schema(value_type = String)]
    pub code: Cow<'static, str>,
    /// For people.
    #[schema(value_type = String)]
    pub title: Cow<'static, str>,
    pub status: u16,
    pub detail: String,
    /// By parameter, what it must be.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, String>,
}
