//! Dead letters: events that ended dead, and why.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use waybill_common::storage::dead_letters::{self, DeadLetter, DeathReason};

use crate::page::{self, Page, Paging};
use crate::parameter;
use crate::refusal::Refusal;

/// How far the replay of a letter has come.
pub const REPLAY_STATES: [&str; 3] = ["none", "replaying", "replayed"];

/// A dead letter, without its message.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = DeadLetterGroup)]
pub struct GroupView {
    pub source: String,
    pub reason: String,
    pub letters: i64,
    pub first_failed_at: DateTime<Utc>,
    pub last_failed_at: DateTime<Utc>,
}

/// Filters; each narrows it down.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeadLetterFilter {
    #[param(value_type = Option<parameter::Text>, inline)]
    pub source: Option<String>,
    /// `unusable`, `undecodable`, `exhausted`, `refused` or `crashed`
    #[param(value_type = Option<parameter::Death>, inline)]
    pub reason: Option<String>,
    /// `none`, `replaying` or `replayed`
    #[param(value_type = Option<parameter::ReplayState>, inline)]
    pub replay_state: Option<String>,
    /// 1 to 200, 50 by default
    #[param(value_type = Option<parameter::Limit>, inline)]
    pub limit: Option<i64>,
    /// `next` or `previous` of another answer
    #[param(value_type = Option<parameter::Cursor>, inline)]
    pub cursor: Option<String>,
}

/// Finds dead letters, the newest first.
///
/// # Errors
/// `Invalid` where a filter cannot be understood.
pub async fn find(
    conn: &mut AsyncPgConnection,
    filter: &DeadLetterFilter,
) -> Result<Page<DeadLetterView>, Refusal> {
    let paging = Paging::read(filter.limit, filter.cursor.as_deref())?;
    let reason: Option<DeathReason> = page::named("reason", filter.reason.as_deref())?;
    let replay_state = filter.replay_state.clone();
    if replay_state
        .as_deref()
        .is_some_and(|state| !REPLAY_STATES.contains(&state))
    {
        return Err(Refusal::invalid("replay_state", "must be none, replaying or replayed"));
    }
    let source = page::text("source", filter.source.as_deref())?;
    let search = dead_letters::Search { source, reason, replay_state };
    let found = dead_letters::search(conn, &search, paging.place()).await?;
    let page = page::page(found.rows, paging, |row| row.webhook_id, DeadLetterView::from);
    Ok(page.unless_stopped(found.stopped_at, paging.cursor))
}

/// Shows one dead letter.
///
/// # Errors
/// `NotFound`.
pub async fn show(conn: &mut AsyncPgConnection, webhook: Uuid) -> Result<DeadLetterView, Refusal> {
    let letter = dead_letters::find(conn, webhook).await?;
    Ok(letter.ok_or(Refusal::NotFound("dead letter"))?.into())
}

/// Counts dead letters that nobody has replayed, by source and reason, the most first.
///
/// # Errors
/// As any query.
pub async fn groups(conn: &mut AsyncPgConnection) -> Result<Vec<GroupView>, Refusal> {
    let groups = dead_letters::groups(conn).await?;
    let view = |group: dead_letters::Group| GroupView {
        source: group.source,
        reason: group.reason,
        letters: group.letters,
        first_failed_at: group.first_failed_at,
        last_failed_at: group.last_failed_at,
    };
    Ok(groups.into_iter().map(view).collect())
}
