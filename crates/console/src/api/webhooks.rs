//! The log: every webhook that was accepted, and what became of it.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use waybill_common::domain::Verdict;
use waybill_common::storage::operator_actions::{self, NewAction};
use waybill_common::storage::webhooks::{self, Webhook};

use crate::access::Caller;
use crate::app::App;
use crate::page::{self, Page, Paging};
use crate::problem::Problem;

/// A webhook, without the raw request.
#[derive(Debug, Serialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
pub struct RawBody {
    /// `utf8` or `base64`: how `body` is written here.
    pub encoding: &'static str,
    pub body: String,
    /// The headers that were kept.
    #[schema(value_type = Object)]
    pub headers: Value,
}

/// Filters; each narrows it down.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct WebhookFilter {
    pub source: Option<String>,
    /// A verdict, such as `conflict`
    pub verdict: Option<String>,
    /// An order's id
    pub order_id: Option<Uuid>,
    /// Received at this time (RFC 3339) or later
    pub from: Option<String>,
    /// Received before this time (RFC 3339)
    pub to: Option<String>,
    /// 1 to 200, 50 by default
    pub limit: Option<i64>,
    /// `next` or `previous` of another answer
    pub cursor: Option<String>,
}

/// Lists webhooks, the newest first. All filters but time look at a few thousand webhooks at a time: a page can be
/// short, even empty, and still have a `next`.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks", params(WebhookFilter),
    responses((status = 200, description = "A page of webhooks", body = Page<WebhookView>)))]
pub async fn search(
    filter: Query<WebhookFilter>,
    app: Data<App>,
) -> Result<Json<Page<WebhookView>>, Problem> {
    find(&app, &filter).await.map(Json)
}

/// Shows one webhook.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}", tag = "webhooks",
    params(("webhook" = Uuid, Path, description = "Its id")),
    responses((status = 200, description = "The webhook", body = WebhookView),
        (status = 304, description = "It is still what `If-None-Match` says"),
        (status = 404, description = "There is none, or its month was dropped", body = crate::problem::ProblemBody,
            content_type = "application/problem+json")))]
pub async fn show(
    id: Path<Uuid>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let mut conn = app.read().await?;
    let row = webhooks::find(&mut conn, *id).await?;
    let view = WebhookView::from(row.ok_or(Problem::NotFound("webhook"))?);
    Ok(page::tagged(&request, &view))
}

/// Shows the raw request. It may hold personal data, so every look is recorded as an operator's action.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}/body", tag = "webhooks",
    params(("webhook" = Uuid, Path, description = "Its id")),
    responses((status = 200, description = "What the sender sent", body = RawBody),
        (status = 404, description = "There is none, or its month was dropped", body = crate::problem::ProblemBody,
            content_type = "application/problem+json")))]
pub async fn body(
    id: Path<Uuid>,
    caller: Caller,
    request: HttpRequest,
    app: Data<App>,
) -> Result<Json<RawBody>, Problem> {
    let mut conn = app.write().await?;
    let found = webhooks::body(&mut conn, *id).await?;
    let found = found.ok_or(Problem::NotFound("webhook"))?;
    // Before it is shown: a look that could not be recorded does not happen.
    let action = NewAction {
        actor: &caller.actor(),
        action: "read_payload",
        reason: "looked at the raw request",
        origin: &app.client(&request).to_string(),
        subject: &format!("webhook:{id}"),
        before: None,
        after: None,
    };
    operator_actions::record(&mut conn, &action, app.clock.now()).await?;
    let (encoding, body) = match String::from_utf8(found.bytes) {
        Ok(text) => ("utf8", text),
        Err(error) => ("base64", STANDARD.encode(error.as_bytes())),
    };
    Ok(Json(RawBody { encoding, body, headers: found.headers }))
}

/// The same for pages.
///
/// # Errors
/// `Invalid` where a filter cannot be understood.
pub async fn find(app: &App, filter: &WebhookFilter) -> Result<Page<WebhookView>, Problem> {
    let paging = Paging::read(filter.limit, filter.cursor.as_deref())?;
    let verdict: Option<Verdict> = page::named("verdict", filter.verdict.as_deref())?;
    let search = webhooks::Search {
        source: page::text("source", filter.source.as_deref())?,
        verdict,
        order_id: filter.order_id,
        from: page::time("from", filter.from.as_deref())?,
        to: page::time("to", filter.to.as_deref())?,
    };
    let mut conn = app.read().await?;
    let found = webhooks::search(&mut conn, &search, paging.place()).await?;
    let page = page::page(found.rows, paging, |row| row.id, WebhookView::from);
    Ok(page.unless_stopped(found.stopped_at, paging.cursor))
}
