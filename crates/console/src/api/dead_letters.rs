//! Dead letters: events that ended dead, and why.

use actix_web::web::{Data, Json, Query};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use waybill_common::storage::dead_letters::{self, DeadLetter, DeathReason};

use crate::app::App;
use crate::page::{self, Page, Paging};
use crate::problem::Problem;

/// A dead letter, without its message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub struct DeadLetterView {
    pub webhook_id: Uuid,
    pub received_at: DateTime<Utc>,
    pub source: String,
    /// `unusable`, `undecodable`, `exhausted`, `refused` or `crashed`.
    pub reason: String,
    /// The chain of causes.
    pub error: String,
    pub attempts: i16,
    pub first_failed_at: DateTime<Utc>,
    pub last_failed_at: DateTime<Utc>,
    /// `none`, `replaying` or `replayed`.
    pub replay_state: String,
    pub replays: i32,
    pub replayed_at: Option<DateTime<Utc>>,
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        Self {
            webhook_id: letter.webhook_id,
            received_at: letter.received_at,
            source: letter.source,
            reason: letter.reason,
            error: letter.error,
            attempts: letter.attempts,
            first_failed_at: letter.first_failed_at,
            last_failed_at: letter.last_failed_at,
            replay_state: letter.replay_state,
            replays: letter.replays,
            replayed_at: letter.replayed_at,
        }
    }
}

/// Dead letters that nobody has replayed, with the same thing wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterGroup)]
pub struct GroupView {
    pub source: String,
    pub reason: String,
    pub letters: i64,
    pub first_failed_at: DateTime<Utc>,
    pub last_failed_at: DateTime<Utc>,
}

/// Filters; each narrows it down.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeadLetterFilter {
    pub source: Option<String>,
    /// `unusable`, `undecodable`, `exhausted`, `refused` or `crashed`
    pub reason: Option<String>,
    /// `none`, `replaying` or `replayed`
    pub replay_state: Option<String>,
    /// 1 to 200, 50 by default
    pub limit: Option<i64>,
    /// `next` or `previous` of another answer
    pub cursor: Option<String>,
}

/// Lists dead letters, the newest first.
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
    let mut conn = app.read().await?;
    let groups = dead_letters::groups(&mut conn).await?;
    let view = |group: dead_letters::Group| GroupView {
        source: group.source,
        reason: group.reason,
        letters: group.letters,
        first_failed_at: group.first_failed_at,
        last_failed_at: group.last_failed_at,
    };
    Ok(Json(groups.into_iter().map(view).collect()))
}

/// The same for pages.
///
/// # Errors
/// `Invalid` where a filter cannot be understood.
pub async fn find(app: &App, filter: &DeadLetterFilter) -> Result<Page<DeadLetterView>, Problem> {
    let paging = Paging::read(filter.limit, filter.cursor.as_deref())?;
    let reason: Option<DeathReason> = page::named("reason", filter.reason.as_deref())?;
    let replay_state = filter.replay_state.clone();
    if replay_state
        .as_deref()
        .is_some_and(|state| !["none", "replaying", "replayed"].contains(&state))
    {
        return Err(Problem::invalid("replay_state", "must be none, replaying or replayed"));
    }
    let source = page::text("source", filter.source.as_deref())?;
    let mut conn = app.read().await?;
    let search = dead_letters::Search { source, reason, replay_state };
    let rows = dead_letters::search(&mut conn, &search, paging.place()).await?;
    Ok(page::page(rows, paging, |row| row.webhook_id, DeadLetterView::from))
}
