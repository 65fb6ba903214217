//! What a sender is told. Senders act on the status; the body is for people.

use serde::Serialize;
use uuid::Uuid;

use crate::{Header, Parsed};

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    /// More headers, such as a handshake's grant.
    pub headers: Vec<Header>,
    pub body: String,
}

/// What is told about an accepted request.
#[derive(Clone, Copy, Debug)]
pub struct Receipt<'a> {
    /// The first event's, or a fresh one where the request had none.
    pub webhook_id: Uuid,
    /// Empty where there was nothing to publish.
    pub events: &'a [Parsed],
    pub processing_ms: f64,
}

#[derive(Serialize)]
struct Accepted {
    message: &'static str,
    webhook_log_id: Uuid,
    status: &'static str,
}

#[derive(Serialize)]
struct Plain {
    message: &'static str,
    status: &'static str,
}

impl Answer {
    /// 202 for a confirmed publish, and only for that; 200 where nothing had to be published.
    #[must_use]
    pub fn accepted(receipt: &Receipt<'_>) -> Self {
        if receipt.events.is_empty() {
            return Self::json(200, &Plain { message: "Nothing to do", status: "ignored" });
        }
        Self::json(
            202,
            &Accepted {
                message: "Webhook received and queued for processing",
                webhook_log_id: receipt.webhook_id,
                status: "queued",
            },
        )
    }

    /// 200 for a repeat that was not published again.
    #[must_use]
    pub fn repeated() -> Self {
        Self::json(200, &Plain { message: "Duplicate webhook detected", status: "ignored" })
    }

    /// # Panics
    /// If the body has no JSON form, which is our own mistake.
    #[must_use]
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_string(body).expect("answers are structs of strings and numbers");
        Self { status, content_type: "application/json", headers: Vec::new(), body }
    }
}
