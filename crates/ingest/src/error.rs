//! What a sender is told when its webhook is not taken. Senders act on the status; nothing internal is in the body.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::http::{StatusCode, Version};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use waybill_common::broker::PublishError;
use waybill_providers::SignatureError;

/// When a sender may try again after an outage of ours. Short: most outages are a reconnect.
const RETRY_AFTER_SECONDS: u64 = 5;
/// Likewise where too much is waiting, which takes a while to work off.
const LOAD_RETRY_AFTER_SECONDS: u64 = 30;

/// Every reason for which a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("no such path")]
    UnknownPath,
    #[error("no such method here")]
    WrongMethod,
    /// HTTP/1.0 in chunks or without a length, of which no two readers surely agree where it ends.
    #[error("a webhook by {0:?} whose end is not told")]
    OldProtocol(Version),
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("the body is larger than allowed")]
    TooLarge,
    #[error("the body ended early or its framing is broken")]
    Broken(#[source] actix_web::error::PayloadError),
    /// A signature is over the bytes that were sent, so nothing is decompressed.
    #[error("the body has a content encoding")]
    Encoded,
    #[error("the content type is not this source's")]
    MediaType,
    #[error("no such source")]
    UnknownSource,
    #[error("the source does not allow this address")]
    Address,
    #[error("the webhook was not believed")]
    Signature(#[source] SignatureError),
    /// The signature protects so little of the body that another one under the same transmission is forged.
    #[error("another body came under this transmission before")]
    OtherBody,
    #[error("too many requests that were not believed")]
    TooManyFailures(Exhausted),
    #[error("too many requests")]
    TooManyRequests(Exhausted),
    /// The sentence is for the sender.
    #[error("{0}")]
    Malformed(String),
    #[error("the given data was invalid")]
    Invalid(BTreeMap<String, Vec<String>>),
    #[error("acceptance could not be confirmed")]
    Unconfirmed(#[source] PublishError),
    #[error("acceptance was not confirmed in time")]
    Late,
    #[error("too much is waiting already")]
    Load,
}

/// A budget that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    pub retry_after: Duration,
    pub limit: u32,
    pub window: Duration,
}

#[derive(Serialize)]
struct Message<'a> {
    message: &'a str,
}

#[derive(Serialize)]
struct Limited<'a> {
    message: &'a str,
    retry_after: u64,
    limit: u32,
    window: String,
}

#[derive(Serialize)]
struct Invalid<'a> {
    message: &'a str,
    errors: &'a BTreeMap<String, Vec<String>>,
}

impl Refusal {
    /// The label of the metric; a closed set.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::UnknownPath => "unknown_path",
            Self::WrongMethod => "wrong_method",
            Self::OldProtocol(_) => "old_protocol",
            Self::TooSlow => "too_slow",
            Self::TooLarge => "too_large",
            Self::Broken(_) => "broken",
            Self::Encoded => "encoded",
            Self::MediaType => "media_type",
            Self::UnknownSource => "unknown_source",
            Self::Address => "address",
            Self::Signature(SignatureError::Missing) => "signature_missing",
            Self::Signature(SignatureError::Malformed) => "signature_malformed",
            Self::Signature(SignatureError::TooOld) => "signature_too_old",
            Self::Signature(SignatureError::Mismatch) => "signature_mismatch",
            Self::Signature(SignatureError::NoCertificate) => "signature_no_certificate",
            Self::OtherBody => "transmission_reused",
            Self::TooManyFailures(_) => "too_many_failures",
            Self::TooManyRequests(_) => "too_many_requests",
            Self::Malformed(_) => "malformed",
            Self::Invalid(_) => "invalid",
            Self::Unconfirmed(error) => unconfirmed(error),
            Self::Late => "late",
            Self::Load => "load",
        }
    }

    /// What the sender reads.
    fn message(&self) -> &str {
        match self {
            Self::UnknownPath => "There is nothing at this path",
            Self::WrongMethod => "Webhooks are sent by POST",
            Self::OldProtocol(_) => {
                "Webhooks are sent by HTTP/1.1, or by HTTP/1.0 with their length"
            }
            Self::TooSlow => "The body did not arrive in time",
            Self::TooLarge => "The body is too large",
            Self::Broken(_) => "The body could not be read",
            Self::Encoded => "A content encoding is not supported",
            Self::MediaType => "The content type is not supported",
            // One sentence for all, so that nobody learns which sources exist.
            Self::UnknownSource | Self::Address | Self::Signature(_) | Self::OtherBody => {
                "The webhook could not be authenticated"
            }
            Self::TooManyFailures(_) | Self::TooManyRequests(_) => "Too many requests",
            Self::Malformed(sentence) => sentence,
            Self::Invalid(_) => "The given data was invalid",
            Self::Unconfirmed(_) | Self::Late | Self::Load => {
                "The webhook could not be accepted at the moment"
            }
        }
    }

    fn retry_after_seconds(&self) -> u64 {
        if matches!(self, Self::Load) { LOAD_RETRY_AFTER_SECONDS } else { RETRY_AFTER_SECONDS }
    }

    /// Whether more of the request may still be on its way: nothing after it on the connection can be trusted.
    fn ends_connection(&self) -> bool {
        matches!(
            self,
            Self::OldProtocol(_) | Self::TooSlow | Self::TooLarge | Self::Broken(_) | Self::Encoded
        )
    }

    fn limited(&self, budget: Exhausted) -> HttpResponse {
        let retry_after = budget.retry_after_seconds();
        let body = Limited {
            message: self.message(),
            retry_after,
            limit: budget.limit,
            window: window_text(budget.window),
        };
        self.builder()
            .insert_header((RETRY_AFTER, retry_after))
            .json(body)
    }

    fn builder(&self) -> HttpResponseBuilder {
        let mut builder = HttpResponse::build(self.status_code());
        if self.ends_connection() {
            builder.force_close();
        }
        match self.status_code() {
            StatusCode::METHOD_NOT_ALLOWED => {
                builder.insert_header((ALLOW, "POST"));
            }
            StatusCode::UNAUTHORIZED => {
                builder.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"webhooks\""));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                builder.insert_header((RETRY_AFTER, self.retry_after_seconds()));
            }
            _ => {}
        }
        builder
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::UnknownPath => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::OldProtocol(_) | Self::Broken(_) | Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Encoded | Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UnknownSource | Self::Address | Self::Signature(_) | Self::OtherBody => {
                StatusCode::UNAUTHORIZED
            }
            Self::TooManyFailures(_) | Self::TooManyRequests(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            // 503 and not 500: the provider must send it again.
            Self::Unconfirmed(_) | Self::Late | Self::Load => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Written out: the default body is `Display`, which is for our logs.
    fn error_response(&self) -> HttpResponse {
        if let Self::TooManyFailures(budget) | Self::TooManyRequests(budget) = self {
            return self.limited(*budget);
        }
        let message = self.message();
        if let Self::Invalid(errors) = self {
            return self.builder().json(Invalid { message, errors });
        }
        self.builder().json(Message { message })
    }
}

impl Exhausted {
    /// Whole seconds, rounded up: whoever waits that long is let in.
    fn retry_after_seconds(&self) -> u64 {
        let whole = self.retry_after.as_secs();
        let rounded = if self.retry_after.subsec_nanos() == 0 { whole } else { whole + 1 };
        rounded.max(1)
    }
}

fn window_text(window: Duration) -> String {
    match window.as_secs() {
        seconds if seconds % 60 == 0 => format!("{} minute(s)", seconds / 60),
        seconds => format!("{seconds} second(s)"),
    }
}

fn unconfirmed(error: &PublishError) -> &'static str {
    match error {
        PublishError::Blocked => "broker_blocked",
        PublishError::Disconnected => "broker_disconnected",
        PublishError::Nacked => "broker_nacked",
        PublishError::Returned => "broker_returned",
        PublishError::TimedOut => "broker_timed_out",
        PublishError::Busy => "broker_busy",
    }
}

#[cfg(test)]
mod tests;
