//! How far a replay has come, as the console and the command line tell it.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use waybill_common::storage::replays::{self, Counts, Outcome, Replay};
use waybill_operate::Refusal;
use waybill_operate::page::{self, Page, Paging};
use waybill_operate::parameter;

/// Letters by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayCounts {
    pub applied: i64,
    pub no_change: i64,
    pub duplicate: i64,
    pub conflict: i64,
    pub ignored: i64,
    /// Dead as before: they cannot be used today either.
    pub unusable: i64,
    /// Somebody else replayed them.
    pub elsewhere: i64,
    /// Dead as before: they failed, as often as they were tried, by what may pass.
    pub missed: i64,
}

impl ReplayCounts {
    /// The letters that ended so.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> i64 {
        match outcome {
            Outcome::Applied => self.applied,
            Outcome::NoChange => self.no_change,
            Outcome::Duplicate => self.duplicate,
            Outcome::Conflict => self.conflict,
            Outcome::Ignored => self.ignored,
            Outcome::Unusable => self.unusable,
            Outcome::Elsewhere => self.elsewhere,
            Outcome::Missed => self.missed,
        }
    }
}

impl From<Counts> for ReplayCounts {
    fn from(counts: Counts) -> Self {
        let Counts {
            applied,
            no_change,
            duplicate,
            conflict,
            ignored,
            unusable,
            elsewhere,
            missed,
        } = counts;
        Self { applied, no_change, duplicate, conflict, ignored, unusable, elsewhere, missed }
    }
}

/// A replay of many dead letters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Replay)]
pub struct ReplayView {
    pub id: Uuid,
    /// `operator:<name>`, `token:<name>` or `command line`.
    pub actor: String,
    pub reason: String,
    /// The address that it was asked from.
    pub origin: String,
    /// Which letters; `{}` is all.
    #[schema(value_type = Object)]
    pub filter: Value,
    /// Letters in a second, at most.
    pub rate: i32,
    /// `running`, `finished` or `cancelled`.
    pub state: String,
    /// Letters when it was asked for.
    pub matched: i64,
    /// Letters that are counted below.
    pub done: i64,
    pub counts: ReplayCounts,
    /// About how long the rest takes at the pace so far; absent before it has begun, and once it has ended.
    pub seconds_left: Option<i64>,
    pub created_at: DateTime<Utc>,
    /// Absent: nobody has begun yet.
    pub started_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    /// What went wrong last, if anything did.
    pub last_error: Option<String>,
}

impl From<Replay> for ReplayView {
    fn from(replay: Replay) -> Self {
        Self {
            seconds_left: seconds_left(&replay),
            id: replay.id,
            actor: replay.actor,
            reason: replay.reason,
            origin: replay.origin,
            filter: replay.filter,
            rate: replay.rate,
            state: replay.state,
            matched: replay.matched,
            done: replay.counts.done(),
            counts: replay.counts.into(),
            created_at: replay.created_at,
            started_at: replay.started_at,
            updated_at: replay.updated_at,
            finished_at: replay.finished_at,
            last_error: replay.last_error,
        }
    }
}

/// At the pace so far, and never faster than the rate allows. All of it is stored, so that a replay that stands still is told
/// as it was told before.
fn seconds_left(replay: &Replay) -> Option<i64> {
    let begun = replay.started_at.filter(|_| replay.is_running())?;
    let done = replay.counts.done();
    let left = (replay.matched - done).max(0);
    let spent_ms = (replay.updated_at - begun).num_milliseconds().max(0);
    let at_pace_ms = if done == 0 { 0 } else { left.saturating_mul(spent_ms) / done };
    let at_rate_ms = left.saturating_mul(1_000) / i64::from(replay.rate.max(1));
    Some(at_pace_ms.max(at_rate_ms).saturating_add(999) / 1_000)
}

/// Which part of the list.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReplayPaging {
    /// 1 to 200, 50 by default
    #[param(value_type = Option<parameter::Limit>, inline)]
    pub limit: Option<i64>,
    /// `next` or `previous` of another answer
    #[param(value_type = Option<parameter::Cursor>, inline)]
    pub cursor: Option<String>,
}

/// Replays, the newest first.
///
/// # Errors
/// `Invalid` where the place cannot be understood.
pub async fn list(
    conn: &mut AsyncPgConnection,
    asked: &ReplayPaging,
) -> Result<Page<ReplayView>, Refusal> {
    let paging = Paging::read(asked.limit, asked.cursor.as_deref())?;
    let rows = replays::list(conn, paging.place()).await?;
    Ok(page::page(rows, paging, |row| row.id, ReplayView::from))
}

/// One replay.
///
/// # Errors
/// `NotFound`.
pub async fn find(conn: &mut AsyncPgConnection, id: Uuid) -> Result<ReplayView, Refusal> {
    let replay = replays::find(conn, id).await?;
    Ok(replay.ok_or(Refusal::NotFound("replay"))?.into())
}

#[cfg(test)]
mod tests;
