//! The log: every webhook that was accepted, and what became of it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use uuid::Uuid;
use waybill_common::domain::Verdict;
use waybill_common::storage::webhooks::State;

use super::badge::Badge;
use super::filter::{Choice, Filter, Paging};
use super::layout::{self, Layout};
use super::moment::Moment;
use crate::api::webhooks::{self, WebhookFilter, WebhookView};
use crate::app::App;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "webhooks.html")]
struct WebhooksPage {
    layout: Layout,
    filter: Filter<WebhookFilter>,
    sources: Vec<Choice>,
    verdicts: Vec<Choice>,
    states: Vec<Choice>,
    rows: Vec<Row>,
    paging: Paging,
}

/// A webhook in the list.
struct Row {
    id: Uuid,
    native_type: String,
    source: String,
    verdict: Badge,
    reason: String,
    order_id: Option<Uuid>,
    attempts: i16,
    took: String,
    received: Moment,
}

impl From<WebhookView> for Row {
    fn from(webhook: WebhookView) -> Self {
        Self {
            id: webhook.id,
            verdict: Badge::verdict(webhook.verdict.as_deref()),
            reason: webhook.reason.or(webhook.last_error).unwrap_or_default(),
            took: took(webhook.processing_ms),
            received: webhook.received_at.into(),
            native_type: webhook.native_type,
            source: webhook.source,
            order_id: webhook.order_id,
            attempts: webhook.attempts,
        }
    }
}

/// How long something took.
pub(super) fn took(milliseconds: Option<i64>) -> String {
    milliseconds.map_or_else(|| "–".to_owned(), |milliseconds| format!("{milliseconds} ms"))
}

pub(super) async fn show(
    layout: Layout,
    filter: Filter<WebhookFilter>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let found = webhooks::find(&app, &filter.asked).await?;
    let page = WebhooksPage {
        layout,
        sources: filter.choices("source", app.config.sources.keys().map(String::as_str)),
        verdicts: filter.choices("verdict", Verdict::ALL.iter().map(|verdict| verdict.as_str())),
        states: filter.choices("state", State::ALL.iter().map(|state| state.as_str())),
        paging: filter.paging(&found),
        rows: found.items.into_iter().map(Row::from).collect(),
        filter,
    };
    layout::page(&page)
}
