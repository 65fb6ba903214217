//! Replaying one dead letter, or looking at what that would do.

use actix_web::web::{Data, Json, Path};
use uuid::Uuid;
use waybill_replay::one::{self, ReplayRequest, ReplayResult};
use waybill_replay::preview::{self, Preview};

use crate::access::Acting;
use crate::app::App;
use crate::problem::{Problem, ProblemBody};

/// Parses a dead letter's raw body again with today's adapter, and shows what a replay would change. Writes nothing.
#[utoipa::path(get, path = "/api/v1/dead-letters/{webhook}/preview", tag = "dead letters",
    params(("webhook" = Uuid, Path, description = "The webhook's id")),
    responses((status = 200, description = "What it would do", body = Preview),
        (status = 404, description = "No such dead letter", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It cannot be read", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn preview(id: Path<Uuid>, app: Data<App>) -> Result<Json<Preview>, Problem> {
    look(&app, *id).await.map(Json)
}

/// Replays a dead letter: today's adapter reads its raw body again, and what it understands is committed like any other
/// event. It is counted once, however many ask for it.
#[utoipa::path(post, path = "/api/v1/dead-letters/{webhook}/replay", tag = "dead letters", request_body = ReplayRequest,
    params(("webhook" = Uuid, Path, description = "The webhook's id")),
    responses((status = 200, description = "How it ended", body = ReplayResult),
        (status = 404, description = "No such dead letter", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It was replayed, or cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn replay(
    id: Path<Uuid>,
    asked: Json<ReplayRequest>,
    acting: Acting,
    app: Data<App>,
) -> Result<Json<ReplayResult>, Problem> {
    again(&app, *id, (&asked.reason, &acting)).await.map(Json)
}

/// What a replay would do, for pages.
///
/// # Errors
/// `NotFound`; `Conflict` where it cannot be read.
pub async fn look(app: &App, id: Uuid) -> Result<Preview, Problem> {
    let mut conn = app.read().await?;
    Ok(preview::of_one(&mut conn, (&app.reader, id), app.clock.now()).await?)
}

/// Replays a dead letter, for pages.
///
/// # Errors
/// `Invalid` without a reason; `NotFound`; `Conflict` where it cannot be read, or somebody else is at it, or has been.
pub async fn again(
    app: &App,
    id: Uuid,
    (reason, acting): (&str, &Acting),
) -> Result<ReplayResult, Problem> {
    let by = acting.who().says(reason)?;
    let mut conn = app.write().await?;
    Ok(one::replay(&mut conn, (&app.reader, id), by, app.clock.now()).await?)
}
