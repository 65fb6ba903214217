//! The log: every webhook that was accepted, and what became of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use waybill_common::domain::{Timestamp, Verdict};
use waybill_common::storage::operator_actions::{self, NewAction};
use waybill_common::storage::webhooks::{self, Webhook};

use crate::page::{self, Page, Paging};
use crate::parameter;
use crate::refusal::Refusal;
use crate::who::Who;

/// A webhook, without the raw request.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookView {
    pub id: Uuid,
    pub received_at: DateTime<Utc>,
    pub source: String,
    pub provider: String,
    pub account: Option<String>,
    pub dedup_key: String,
    /// SHA-256 of what the webhook means, in hexadecimal digits.
    pub body_sha256: String,
    pub native_type: String,
    pub order_id: Option<Uuid>,
    /// `retrying` or `final`.
    pub state: String,
    pub verdict: Option<String>,
    /// One sentence that names the rule.
    pub reason: Option<String>,
    pub attempts: i16,
    pub correlation_id: String,
    pub trace_id: Option<String>,
    pub committed_at: Option<DateTime<Utc>>,
    pub processing_ms: Option<i64>,
    pub due_at: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
}

impl From<Webhook> for WebhookView {
    fn from(row: Webhook) -> Self {
        Self {
            id: row.id,
            received_at: row.received_at,
            source: row.source,
            provider: row.provider,
            account: row.account,
            dedup_key: row.dedup_key,
            body_sha256: hex::encode(row.body_sha256),
            native_type: row.native_type,
            order_id: row.order_id,
            state: row.state,
            verdict: row.verdict,
            reason: row.reason,
            attempts: row.attempts,
            correlation_id: row.correlation_id,
            trace_id: row.trace_id,
            committed_at: row.committed_at,
            processing_ms: row.processing_ms,
            due_at: row.due_at,
            last_error: row.last_error,
        }
    }
}

/// What a sender sent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RawBody {
    /// `utf8` or `base64`: how `body` is written here.
    pub encoding: String,
    pub body: String,
    /// The headers that were kept.
    #[schema(value_type = Object)]
    pub headers: Value,
}

/// Filters; each narrows it down.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct WebhookFilter {
    #[param(value_type = Option<parameter::Text>, inline)]
    pub source: Option<String>,
    /// A verdict, such as `conflict`
    #[param(value_type = Option<parameter::Verdict>, inline)]
    pub verdict: Option<String>,
    /// `retrying`: it waits to be tried again; or `final`
    #[param(value_type = Option<parameter::WebhookState>, inline)]
    pub state: Option<String>,
    /// An order's id
    #[param(value_type = Option<parameter::Id>, inline)]
    pub order_id: Option<Uuid>,
    /// Received at this time (RFC 3339) or later
    #[param(value_type = Option<parameter::Time>, inline)]
    pub from: Option<String>,
    /// Received before this time (RFC 3339)
    #[param(value_type = Option<parameter::Time>, inline)]
    pub to: Option<String>,
    /// 1 to 200, 50 by default
    #[param(value_type = Option<parameter::Limit>, inline)]
    pub limit: Option<i64>,
    /// `next` or `previous` of another answer
    #[param(value_type = Option<parameter::Cursor>, inline)]
    pub cursor: Option<String>,
}

/// Finds webhooks, the newest first.
///
/// # Errors
/// `Invalid` where a filter cannot be understood.
pub async fn find(
    conn: &mut AsyncPgConnection,
    filter: &WebhookFilter,
) -> Result<Page<WebhookView>, Refusal> {
    let paging = Paging::read(filter.limit, filter.cursor.as_deref())?;
    let verdict: Option<Verdict> = page::named("verdict", filter.verdict.as_deref())?;
    let search = webhooks::Search {
        source: page::text("source", filter.source.as_deref())?,
        state: page::named("state", filter.state.as_deref())?,
        verdict,
        order_id: filter.order_id,
        from: page::time("from", filter.from.as_deref())?,
        to: page::time("to", filter.to.as_deref())?,
    };
    let found = webhooks::search(conn, &search, paging.place()).await?;
    let page = page::page(found.rows, paging, |row| row.id, WebhookView::from);
    Ok(page.unless_stopped(found.stopped_at, paging.cursor))
}

/// One webhook.
///
/// # Errors
/// `NotFound` where there is none, or its month was dropped.
pub async fn show(conn: &mut AsyncPgConnection, id: Uuid) -> Result<WebhookView, Refusal> {
    let row = webhooks::find(conn, id).await?;
    Ok(WebhookView::from(row.ok_or(Refusal::NotFound("webhook"))?))
}

/// The raw request. It may hold personal data, so every look is recorded as an operator's action.
///
/// # Errors
/// As [`show`].
pub async fn body(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    (onlooker, now): (Who<'_>, Timestamp),
) -> Result<RawBody, Refusal> {
    let found = webhooks::body(conn, id).await?;
    let found = found.ok_or(Refusal::NotFound("webhook"))?;
    // Before it is shown: a look that could not be recorded does not happen.
    let action = NewAction {
        actor: onlooker.actor,
        action: "read_payload",
        reason: "looked at the raw request",
        origin: onlooker.origin,
        subject: &format!("webhook:{id}"),
        before: None,
        after: None,
    };
    operator_actions::record(conn, &action, now).await?;
    let (encoding, body) = match String::from_utf8(found.bytes) {
        Ok(text) => ("utf8", text),
        Err(error) => ("base64", STANDARD.encode(error.as_bytes())),
    };
    Ok(RawBody { encoding: encoding.to_owned(), body, headers: found.headers })
}
