//! What a sender is told. Senders act on the status; the body is for people.

use serde::Serialize;
use uuid::Uuid;

use crate::Parsed;

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
}

/// What is told about an accepted request.
#[derive(Clone, Copy, Debug)]
pub struct Receipt<'a> {
    /// The first event's.
    pub webhook_id: Uuid,
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
struct Repeated {
    message: &'static str,
    status: &'static str,
}

impl Answer {
    /// 202 for a confirmed publish, and only for that.
    #[must_use]
    pub fn accepted(receipt: &Receipt<'_>) -> Self {
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
        Self::json(200, &Repeated { message: "Duplicate webhook detected", status: "ignored" })
    }

    /// # Panics
    /// If the body has no JSON form, which is our own mistake.
    #[must_use]
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_string(body).expect("answers are structs of strings and numbers");
        Self { status, content_type: "application/json", body }
    }
}
