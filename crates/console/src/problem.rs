//! What a caller is told when something does not go: problem+json (RFC 9457) with stable codes, and nothing of our insides.

use std::collections::BTreeMap;
use std::error::Error as _;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use diesel::result::{DatabaseErrorKind, Error as Database};
use waybill_operate::Refusal;
pub use waybill_operate::refusal::ProblemBody;

/// Every way in which a request can fail.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("no valid credential was presented")]
    Unauthenticated,
    #[error("{0} is needed")]
    Forbidden(String),
    #[error("the request could have been made by another site")]
    Forged,
    #[error("there is no {0} of that name")]
    NotFound(&'static str),
    #[error("this method is not known here")]
    MethodNotAllowed(String),
    /// By parameter, what it must be.
    #[error("the request cannot be understood")]
    Invalid(BTreeMap<String, String>),
    #[error("{0}")]
    Conflict(&'static str),
    #[error("the body is too large")]
    TooLarge,
    #[error("the body's media type is not known here")]
    UnknownMediaType,
    #[error("too many tries")]
    TooMany { retry_after_seconds: u64 },
    #[error("it took too long")]
    TooSlow,
    #[error("the database cannot be asked at the moment")]
    Unavailable(#[source] anyhow::Error),
    #[error("something went wrong on our side")]
    Internal(#[source] anyhow::Error),
}

impl Problem {
    /// One parameter that is not what it must be.
    #[must_use]
    pub fn invalid(parameter: &str, must: impl Into<String>) -> Self {
        Self::Invalid([(parameter.to_owned(), must.into())].into())
    }

    /// What programs decide by.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::Forged => "forged",
            Self::NotFound(_) => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::Invalid(_) => "invalid",
            Self::Conflict(_) => "conflict",
            Self::TooLarge => "too_large",
            Self::UnknownMediaType => "unknown_media_type",
            Self::TooMany { .. } => "too_many",
            Self::TooSlow => "too_slow",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// The same, for people.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "Sign in first",
            Self::Forbidden(_) => "Not allowed",
            Self::Forged => "Not from this page",
            Self::NotFound(_) => "Not found",
            Self::MethodNotAllowed(_) => "Method not allowed",
            Self::Invalid(_) => "Not understood",
            Self::Conflict(_) => "Not possible as things stand",
            Self::TooLarge => "Too large",
            Self::UnknownMediaType => "Unknown media type",
            Self::TooMany { .. } => "Too many tries",
            Self::TooSlow => "Took too long",
            Self::Unavailable(_) => "Unavailable",
            Self::Internal(_) => "Failed",
        }
    }

    /// The problem with its causes, for the log.
    #[must_use]
    pub fn log_line(&self) -> String {
        let mut line = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            line = format!("{line}: {error}");
            cause = error.source();
        }
        line
    }

    /// The body that tells it.
    #[must_use]
    pub fn body(&self) -> ProblemBody {
        let errors =
            if let Self::Invalid(errors) = self { errors.clone() } else { BTreeMap::new() };
        ProblemBody {
            kind: format!("urn:waybill:problem:{}", self.code()),
            code: self.code().into(),
            title: self.title().into(),
            status: self.status_code().as_u16(),
            detail: self.to_string(),
            errors,
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::Forged => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnknownMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::TooSlow | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        match self {
            Self::Unauthenticated => {
                response.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"waybill\""));
            }
            Self::MethodNotAllowed(allowed) => {
                response.insert_header((ALLOW, allowed.as_str()));
            }
            Self::TooMany { retry_after_seconds } => {
                response.insert_header((RETRY_AFTER, retry_after_seconds.to_string()));
            }
            Self::TooSlow | Self::Unavailable(_) => {
                response.insert_header((RETRY_AFTER, "5"));
            }
            Self::Forbidden(_)
            | Self::Forged
            | Self::NotFound(_)
            | Self::Invalid(_)
            | Self::Conflict(_)
            | Self::TooLarge
            | Self::UnknownMediaType
            | Self::Internal(_) => {}
        }
        let body = serde_json::to_string(&self.body()).unwrap_or_default();
        response.content_type("application/problem+json").body(body)
    }
}

/// PostgreSQL's code 57014 has no kind of its own in diesel.
const CANCELLED: &str = "canceling statement due to statement timeout";

impl From<Database> for Problem {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the enum is open, and all others are our own fault"
    )]
    fn from(error: Database) -> Self {
        match &error {
            Database::DatabaseError(DatabaseErrorKind::ClosedConnection, _) => {
                Self::Unavailable(error.into())
            }
            Database::DatabaseError(_, told) if told.message() == CANCELLED => Self::TooSlow,
            _ => Self::Internal(error.into()),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound(what) => Self::NotFound(what),
            Refusal::Invalid(errors) => Self::Invalid(errors),
            Refusal::Conflict(why) => Self::Conflict(why),
            Refusal::Database(error) => error.into(),
            Refusal::Unreadable(_) => Self::Internal(refusal.into()),
        }
    }
}

#[cfg(test)]
mod tests;
