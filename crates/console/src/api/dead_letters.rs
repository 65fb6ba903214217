//! Dead letters: events that ended dead, and why.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use uuid::Uuid;
use waybill_operate::dead_letters;
pub use waybill_operate::dead_letters::{
    DeadLetterFilter, DeadLetterView, GroupView, REPLAY_STATES,
};

use crate::app::App;
use crate::page::{self, Page};
use crate::problem::{Problem, ProblemBody};

/// Lists dead letters, the newest first. The second of several filters looks at a few thousand letters at a time: a page
/// can be short, even empty, and still have a `next`.
#[utoipa::path(get, path = "/api/v1/dead-letters", tag = "dead letters", params(DeadLetterFilter),
    responses((status = 200, description = "A page of dead letters", body = Page<DeadLetterView>)))]
pub async fn search(
    filter: Query<DeadLetterFilter>,
    app: Data<App>,
) -> Result<Json<Page<DeadLetterView>>, Problem> {
    find(&app, &filter).await.map(Json)
}

/// Counts dead letters that nobody has replayed, by source and reason.
#[utoipa::path(get, path = "/api/v1/dead-letters/groups", tag = "dead letters",
    responses((status = 200, description = "The most first", body = Vec<GroupView>)))]
pub async fn groups(app: Data<App>) -> Result<Json<Vec<GroupView>>, Problem> {
    counted(&app).await.map(Json)
}

/// Shows a dead letter, without its message.
#[utoipa::path(get, path = "/api/v1/dead-letters/{webhook}", tag = "dead letters",
    params(("webhook" = Uuid, Path, description = "The webhook's id")),
    responses((status = 200, description = "The dead letter", body = DeadLetterView,
            headers(("ETag" = String, description = "Changes with the letter"))),
        (status = 304, description = "It is what the caller has"),
        (status = 404, description = "No such dead letter", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(
    webhook: Path<Uuid>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    Ok(page::tagged(&request, &one(&app, *webhook).await?))
}

/// The same for pages.
///
/// # Errors
/// `Invalid` where a filter cannot be understood.
pub async fn find(app: &App, filter: &DeadLetterFilter) -> Result<Page<DeadLetterView>, Problem> {
    let mut conn = app.read().await?;
    Ok(dead_letters::find(&mut conn, filter).await?)
}

/// The groups, for pages.
///
/// # Errors
/// As any query.
pub async fn counted(app: &App) -> Result<Vec<GroupView>, Problem> {
    let mut conn = app.read().await?;
    Ok(dead_letters::groups(&mut conn).await?)
}

/// One dead letter, for pages.
///
/// # Errors
/// `NotFound`.
pub async fn one(app: &App, webhook: Uuid) -> Result<DeadLetterView, Problem> {
    let mut conn = app.read().await?;
    Ok(dead_letters::show(&mut conn, webhook).await?)
}
