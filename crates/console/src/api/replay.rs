//! Replaying one dead letter, or looking at what that would do.

use actix_web::HttpRequest;
use actix_web::web::{Data, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Caller;
use crate::app::App;
use crate::difference::Changed;
use crate::problem::{Problem, ProblemBody};
use crate::replay::{self, Asked};

const REASON_CHARS_MAX: usize = 500;

/// What a replay would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct Preview {
    pub webhook_id: Uuid,
    pub native_type: String,
    /// Why today's adapter still cannot use it; absent where it can.
    pub unusable: Option<String>,
    /// The orders that it would reach.
    pub effects: Vec<PreviewedEffect>,
}

/// What it would do to one order.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewedEffect {
    /// Absent: an order would begin.
    pub order_id: Option<Uuid>,
    pub external_id: Option<String>,
    /// By field, `[before, after]`: status, axes, money and flags.
    #[schema(value_type = Object)]
    pub changed: Changed,
}

/// Why it is replayed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// For the record, 1 to 500 characters
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// How it ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayResult {
    pub webhook_id: Uuid,
    pub verdict: String,
    /// One sentence that names the rule.
    pub rule: String,
    pub order_id: Option<Uuid>,
}

/// Parses a dead letter's raw body again with today's adapter, and shows what a replay would change. Writes nothing.
#[utoipa::path(get, path = "/api/v1/dead-letters/{webhook}/preview", tag = "dead letters",
    params(("webhook" = Uuid, Path, description = "The webhook's id")),
    responses((status = 200, description = "What it would do", body = Preview),
        (status = 404, description = "No such dead letter", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It cannot be read", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn preview(id: Path<Uuid>, app: Data<App>) -> Result<Json<Preview>, Problem> {
    let mut conn = app.read().await?;
    let reading = replay::read(&app, &mut conn, *id).await?;
    let effects = replay::effects(&mut conn, &reading).await?;
    let view = |effect: replay::Effects| PreviewedEffect {
        order_id: effect.order,
        external_id: effect.external_id,
        changed: effect.changed,
    };
    Ok(Json(Preview {
        webhook_id: *id,
        native_type: reading.pending.envelope.event.native_type,
        unusable: reading.unusable,
        effects: effects.into_iter().map(view).collect(),
    }))
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
    caller: Caller,
    request: HttpRequest,
    app: Data<App>,
) -> Result<Json<ReplayResult>, Problem> {
    let reason = asked.reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX || reason.contains('\0') {
        return Err(Problem::invalid("reason", "must be 1 to 500 characters"));
    }
    let asked = Asked { actor: caller.actor(), reason, origin: app.client(&request).to_string() };
    let replayed = replay::replay(&app, *id, &asked).await?;
    Ok(Json(ReplayResult {
        webhook_id: *id,
        verdict: replayed.verdict.to_owned(),
        rule: replayed.reason,
        order_id: replayed.order_id,
    }))
}
