//! Replaying many dead letters: asking for it, or for what it would do; watching it; calling it off.

use std::time::Duration;

use actix_web::http::header::LOCATION;
use actix_web::web::{Bytes, Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use tokio::time::{Instant, sleep};
use uuid::Uuid;
use waybill_common::access::Scope;
use waybill_operate::Page;
use waybill_replay::ask::{self, Cancelling, ReplayRequested};
use waybill_replay::preview::{self, ReplayPreview};
use waybill_replay::view::{self, ReplayPaging, ReplayView};

use super::live;
use crate::access::{Acting, Caller, Policy};
use crate::app::App;
use crate::page;
use crate::problem::{Problem, ProblemBody};

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Who may begin one; to ask what it would do is to look.
pub(crate) const REPLAYING: Policy = Policy::operator(Scope::DeadLetters);

/// Lists replays of many letters, the newest first.
#[utoipa::path(get, path = "/api/v1/replays", tag = "dead letters", params(ReplayPaging),
    responses((status = 200, description = "A page of replays", body = Page<ReplayView>)))]
pub async fn list(
    asked: Query<ReplayPaging>,
    app: Data<App>,
) -> Result<Json<Page<ReplayView>>, Problem> {
    all(&app, &asked).await.map(Json)
}

/// Replays every dead letter that a filter matches, in the background: at most `rate` in a second, each as if it were
/// replayed alone. What dies later is not in it. With `dry_run` nothing is written, and the answer says what would happen:
/// for the oldest 500 letters, folded together as they would be. Whoever may look at dead letters may ask for that; a replay
/// needs the role `operator`.
#[utoipa::path(post, path = "/api/v1/replays", tag = "dead letters", request_body = ReplayRequested,
    responses((status = 200, description = "A dry run: what it would do", body = ReplayPreview),
        (status = 202, description = "It is under way", body = ReplayView,
            headers(("Location" = String, description = "Where to watch it"))),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn ask(
    asked: Json<ReplayRequested>,
    (caller, acting): (Caller, Acting),
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    if asked.dry_run {
        return Ok(HttpResponse::Ok().json(dry_run(&app, &asked).await?));
    }
    REPLAYING.allows(&caller.grant)?;
    let replay = begin(&app, &asked, &acting).await?;
    Ok(HttpResponse::Accepted()
        .insert_header((LOCATION, format!("/api/v1/replays/{}", replay.id)))
        .json(replay))
}

/// Shows how far a replay has come.
#[utoipa::path(get, path = "/api/v1/replays/{replay}", tag = "dead letters",
    params(("replay" = Uuid, Path, description = "The replay's id")),
    responses((status = 200, description = "The replay", body = ReplayView,
            headers(("ETag" = String, description = "Changes with the replay"))),
        (status = 304, description = "It is what the caller has"),
        (status = 404, description = "No such replay", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(
    id: Path<Uuid>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    Ok(page::tagged(&request, &one(&app, *id).await?))
}

/// Calls a replay off. The letter in hand is ended and counted; no other begins.
#[utoipa::path(delete, path = "/api/v1/replays/{replay}", tag = "dead letters",
    params(("replay" = Uuid, Path, description = "The replay's id"), Cancelling),
    responses((status = 200, description = "It is cancelled", body = ReplayView),
        (status = 404, description = "No such replay", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It has ended", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn cancel(
    id: Path<Uuid>,
    asked: Query<Cancelling>,
    acting: Acting,
    app: Data<App>,
) -> Result<Json<ReplayView>, Problem> {
    call_off(&app, *id, (&asked.reason, &acting))
        .await
        .map(Json)
}

/// Follows a replay, as server-sent events named `progress`, until it has ended.
#[utoipa::path(get, path = "/api/v1/replays/{replay}/stream", tag = "dead letters",
    params(("replay" = Uuid, Path, description = "The replay's id")),
    responses((status = 200, description = "Events until its end", content_type = "text/event-stream", body = String),
        (status = 404, description = "No such replay", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn stream(
    id: Path<Uuid>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let replay = one(&app, *id).await?;
    let follower =
        Follower { app: app.clone(), told: None, next: Some(replay), told_at: Instant::now() };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((event, follower))
    });
    Ok(live::answer(&app, caller, events))
}

/// One reader of the stream.
struct Follower {
    app: Data<App>,
    told: Option<ReplayView>,
    next: Option<ReplayView>,
    told_at: Instant,
}

impl Follower {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(replay) = self
                .next
                .take()
                .filter(|next| self.told.as_ref() != Some(next))
            {
                let event = live::event(None, "progress", &replay);
                (self.told, self.told_at) = (Some(replay), Instant::now());
                return Some(event);
            }
            let told = self.told.as_ref()?;
            if told.finished_at.is_some() {
                return None;
            }
            if self.told_at.elapsed() >= live::HEARTBEAT {
                self.told_at = Instant::now();
                return Some(live::comment());
            }
            sleep(LOOK_EVERY).await;
            match one(&self.app, told.id).await {
                Ok(replay) => self.next = Some(replay),
                Err(problem) => {
                    tracing::warn!(error = problem.log_line(), "could not follow a replay");
                }
            }
        }
    }
}

/// One replay, for pages.
///
/// # Errors
/// `NotFound`.
pub async fn one(app: &App, id: Uuid) -> Result<ReplayView, Problem> {
    let mut conn = app.read().await?;
    Ok(view::find(&mut conn, id).await?)
}

/// All replays, for pages.
///
/// # Errors
/// `Invalid` where the place cannot be understood.
pub async fn all(app: &App, asked: &ReplayPaging) -> Result<Page<ReplayView>, Problem> {
    let mut conn = app.read().await?;
    Ok(view::list(&mut conn, asked).await?)
}

/// What a replay would do, for pages.
///
/// # Errors
/// `Invalid` where filter or rate cannot be understood.
pub async fn dry_run(app: &App, asked: &ReplayRequested) -> Result<ReplayPreview, Problem> {
    let (selection, _rate) = asked.read()?;
    let mut conn = app.read().await?;
    Ok(preview::of_many(&mut conn, (&app.reader, &selection), app.clock.now()).await?)
}

/// Begins a replay, for pages.
///
/// # Errors
/// `Invalid` where filter, rate or reason cannot be understood.
pub async fn begin(
    app: &App,
    asked: &ReplayRequested,
    acting: &Acting,
) -> Result<ReplayView, Problem> {
    let mut conn = app.write().await?;
    let replay = ask::begin(&mut conn, (asked, acting.who()), app.clock.now()).await?;
    app.engine.wake();
    Ok(replay)
}

/// Calls a replay off, for pages.
///
/// # Errors
/// `Invalid` without a reason; `NotFound`; `Conflict` where it has ended.
pub async fn call_off(
    app: &App,
    id: Uuid,
    (reason, acting): (&str, &Acting),
) -> Result<ReplayView, Problem> {
    let by = acting.who().says(reason)?;
    let mut conn = app.write().await?;
    Ok(ask::cancel(&mut conn, (id, by), app.clock.now()).await?)
}
