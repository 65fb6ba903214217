//! Every change of an order's status or money, in commit order, for shops to follow.

use std::collections::VecDeque;
use std::time::Duration;

use actix_web::web::{Bytes, Data, Json, Query};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use waybill_common::storage::order_changes::{Change, Position, changes_after};

use super::live;
use crate::app::App;
use crate::page;
use crate::problem::Problem;

const LOOK_EVERY: Duration = Duration::from_millis(500);
const STREAM_LIMIT: i64 = 200;

/// One change. Status and money are those after it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change)]
pub struct ChangeView {
    /// Where it stands among all changes: the `after` to go on from.
    pub position: String,
    pub order_id: Uuid,
    pub namespace: String,
    pub external_id: Option<String>,
    /// The row of the order's audit trail.
    pub seq: String,
    /// `event`, `absorb` or `absorbed`.
    pub kind: String,
    pub webhook_id: Uuid,
    pub source: String,
    pub native_type: String,
    pub label: Option<String>,
    pub from_status: Option<String>,
    pub to_status: String,
    pub currency: Option<String>,
    pub exponent: Option<i16>,
    pub total: Option<i64>,
    pub authorized: i64,
    pub captured: i64,
    pub refunded: i64,
    pub disputed: i64,
    pub occurred_at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
}

impl From<Change> for ChangeView {
    fn from(change: Change) -> Self {
        Self {
            position: change.position.to_string(),
            order_id: change.order_id,
            namespace: change.namespace,
            external_id: change.external_id,
            seq: change.seq.to_string(),
            kind: change.kind,
            webhook_id: change.webhook_id,
            source: change.source,
            native_type: change.native_type,
            label: change.label,
            from_status: change.from_status,
            to_status: change.to_status,
            currency: change.currency,
            exponent: change.exponent,
            total: change.total,
            authorized: change.authorized,
            captured: change.captured,
            refunded: change.refunded,
            disputed: change.disputed,
            occurred_at: change.occurred_at,
            recorded_at: change.recorded_at,
        }
    }
}

/// Changes, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Changes {
    pub items: Vec<ChangeView>,
    /// The `after` of the next question; without new changes the one that was asked with.
    pub next: String,
}

/// Where to go on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ChangesAfter {
    /// The position of the last change that was seen; absent: from the beginning
    pub after: Option<String>,
    /// 1 to 200, 50 by default
    pub limit: Option<i64>,
}

/// Lists what changed after a position, in commit order, without gaps and without repeats.
#[utoipa::path(get, path = "/api/v1/changes", tag = "changes", params(ChangesAfter),
    responses((status = 200, description = "What comes next", body = Changes)))]
pub async fn list(asked: Query<ChangesAfter>, app: Data<App>) -> Result<Json<Changes>, Problem> {
    let (after, limit) = (position(asked.after.as_deref())?, page::limit(asked.limit)?);
    let mut conn = app.read().await?;
    let found = changes_after(&mut conn, after, limit).await?;
    let next = found.last().map_or(after, |change| change.position);
    let items = found.into_iter().map(ChangeView::from).collect();
    Ok(Json(Changes { items, next: next.to_string() }))
}

/// Follows the changes, as server-sent events named `change` whose id is the position: a browser that reconnects goes on
/// where it was (`Last-Event-ID`).
#[utoipa::path(get, path = "/api/v1/changes/stream", tag = "changes", params(ChangesAfter),
    responses((status = 200, description = "Events without end", content_type = "text/event-stream", body = String)))]
pub async fn stream(
    asked: Query<ChangesAfter>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    page::limit(asked.limit)?;
    let last = request
        .headers()
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .or(asked.after.as_deref());
    let follower = Follower {
        app: app.clone(),
        at: position(last)?,
        ready: VecDeque::new(),
        told_at: Instant::now(),
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await;
        Some((event, follower))
    });
    Ok(live::answer(&app, events))
}

fn position(text: Option<&str>) -> Result<Position, Problem> {
    text.map_or(Ok(Position::START), str::parse)
        .map_err(|error| Problem::invalid("after", error.to_string()))
}

/// One reader of the stream.
struct Follower {
    app: Data<App>,
    at: Position,
    ready: VecDeque<Change>,
    told_at: Instant,
}

impl Follower {
    async fn next(&mut self) -> Bytes {
        loop {
            if let Some(change) = self.ready.pop_front() {
                self.told_at = Instant::now();
                let view = ChangeView::from(change);
                return live::event(Some(&view.position), "change", &view);
            }
            if let Err(problem) = self.look().await {
                tracing::warn!(error = problem.log_line(), "could not follow the changes");
                sleep(LOOK_EVERY).await;
            }
            if self.ready.is_empty() {
                if self.told_at.elapsed() >= live::HEARTBEAT {
                    self.told_at = Instant::now();
                    return live::comment();
                }
                sleep(LOOK_EVERY).await;
            }
        }
    }

    async fn look(&mut self) -> Result<(), Problem> {
        let mut conn = self.app.read().await?;
        let found = changes_after(&mut conn, self.at, STREAM_LIMIT).await?;
        if let Some(last) = found.last() {
            self.at = last.position;
        }
        self.ready.extend(found);
        Ok(())
    }
}
