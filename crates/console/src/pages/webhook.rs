//! One webhook: what became of it, and, for whoever may see it, what its sender sent.

mod indent;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use serde_json::Value;
use uuid::Uuid;
use waybill_common::access::Scope;

use super::badge::Badge;
use super::layout::{self, Layout};
use super::moment::Moment;
use super::trace::Trace;
use super::webhooks::took;
use crate::access::{Acting, Caller};
use crate::api::webhooks::{self, RawBody, WebhookView};
use crate::app::App;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "webhook.html")]
struct WebhookPage {
    layout: Layout,
    webhook: WebhookView,
    verdict: Badge,
    received: Moment,
    committed: Option<Moment>,
    due: Option<Moment>,
    took: String,
    trace: Option<Trace>,
    /// Whether the caller may see the raw request.
    may_look: bool,
    raw: Option<Raw>,
}

/// The raw request, as text.
struct Raw {
    encoding: String,
    body: String,
    /// Whether `body` was indented for reading.
    is_indented: bool,
    headers: Vec<(String, String)>,
}

impl From<RawBody> for Raw {
    fn from(raw: RawBody) -> Self {
        let indented = indent::json(&raw.body).filter(|_| raw.encoding == "utf8");
        Self {
            encoding: raw.encoding,
            is_indented: indented.is_some(),
            body: indented.unwrap_or(raw.body),
            headers: headers(&raw.headers),
        }
    }
}

pub(super) async fn show(
    layout: Layout,
    id: Path<Uuid>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let webhook = webhooks::one(&app, *id).await?;
    layout::page(&WebhookPage::new(layout, webhook, &caller, &app))
}

/// The same with the raw request. Whoever looks is on record.
pub(super) async fn body(
    layout: Layout,
    id: Path<Uuid>,
    caller: Caller,
    acting: Acting,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let webhook = webhooks::one(&app, *id).await?;
    let raw = webhooks::raw(&app, *id, &acting).await?;
    let page = WebhookPage::new(layout, webhook, &caller, &app);
    layout::page(&WebhookPage { raw: Some(raw.into()), ..page })
}

impl WebhookPage {
    fn new(layout: Layout, mut webhook: WebhookView, caller: &Caller, app: &App) -> Self {
        let trace = webhook.trace_id.take();
        Self {
            layout,
            verdict: Badge::verdict(webhook.verdict.as_deref()),
            received: webhook.received_at.into(),
            committed: webhook.committed_at.map(Moment::from),
            due: webhook.due_at.map(Moment::from),
            took: took(webhook.processing_ms),
            trace: trace.map(|id| Trace::new(id, &app.config.console)),
            may_look: caller.grant.covers(Scope::PayloadRead),
            webhook,
            raw: None,
        }
    }
}

/// Those that were kept, by name; one that came several times has several lines.
fn headers(kept: &Value) -> Vec<(String, String)> {
    let lines = |name: &str, value: &Value| -> Vec<(String, String)> {
        let line = |value: &Value| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (name.to_owned(), text)
        };
        value
            .as_array()
            .map_or_else(|| vec![line(value)], |values| values.iter().map(line).collect())
    };
    let kept = kept.as_object();
    kept.into_iter()
        .flatten()
        .flat_map(|(name, value)| lines(name, value))
        .collect()
}
