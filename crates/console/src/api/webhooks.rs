//! The log: every webhook that was accepted, and what became of it.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use uuid::Uuid;
use waybill_operate::webhooks;
pub use waybill_operate::webhooks::{RawBody, WebhookFilter, WebhookView};

use crate::access::Acting;
use crate::app::App;
use crate::page::{self, Page};
use crate::problem::Problem;

/// Lists webhooks, the newest first. By time, order, `state=retrying` and a verdict that is rare it is whole; a filter for
/// what is common, and the second of several, look at a few thousand webhooks at a time: a page can be short, even empty,
/// and still have a `next`.
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
    Ok(page::tagged(&request, &one(&app, *id).await?))
}

/// Shows the raw request. It may hold personal data, so every look is recorded as an operator's action.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}/body", tag = "webhooks",
    params(("webhook" = Uuid, Path, description = "Its id")),
    responses((status = 200, description = "What the sender sent", body = RawBody),
        (status = 404, description = "There is none, or its month was dropped", body = crate::problem::ProblemBody,
            content_type = "application/problem+json")))]
pub async fn body(
    id: Path<Uuid>,
    acting: Acting,
    app: Data<App>,
) -> Result<Json<RawBody>, Problem> {
    raw(&app, *id, &acting).await.map(Json)
}

/// One webhook, for pages.
///
/// # Errors
/// `NotFound` where there is none, or its month was dropped.
pub async fn one(app: &App, id: Uuid) -> Result<WebhookView, Problem> {
    let mut conn = app.read().await?;
    Ok(webhooks::show(&mut conn, id).await?)
}

/// The raw request, for pages: whoever looks is on record.
///
/// # Errors
/// `NotFound` where there is none, or its month was dropped.
pub async fn raw(app: &App, id: Uuid, acting: &Acting) -> Result<RawBody, Problem> {
    let mut conn = app.write().await?;
    Ok(webhooks::body(&mut conn, id, (acting.who(), app.clock.now())).await?)
}

/// The same for pages.
///
/// # Errors
/// `Invalid` where a filter cannot be understood.
pub async fn find(app: &App, filter: &WebhookFilter) -> Result<Page<WebhookView>, Problem> {
    let mut conn = app.read().await?;
    Ok(webhooks::find(&mut conn, filter).await?)
}
