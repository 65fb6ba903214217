//! Every change of an order's status or money, in commit order, for shops to follow.

use std::collections::VecDeque;
use std::time::Duration;

use actix_web::web::{Bytes, Data, Json, Query};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use tokio::time::{Instant, sleep};
use waybill_common::storage::order_changes::{Change, Position, changes_after};
use waybill_operate::changes::{self, position};
pub use waybill_operate::changes::{ChangeView, Changes, ChangesAfter};

use super::live;
use crate::access::Caller;
use crate::app::App;
use crate::page;
use crate::problem::Problem;

const LOOK_EVERY: Duration = Duration::from_millis(500);
const STREAM_LIMIT: i64 = 200;

/// Lists what changed after a position, in commit order, without gaps and without repeats.
#[utoipa::path(get, path = "/api/v1/changes", tag = "changes", params(ChangesAfter),
    responses((status = 200, description = "What comes next", body = Changes)))]
pub async fn list(asked: Query<ChangesAfter>, app: Data<App>) -> Result<Json<Changes>, Problem> {
    let mut conn = app.read().await?;
    Ok(Json(changes::after(&mut conn, &asked).await?))
}

/// Follows the changes, as server-sent events named `change` whose id is the position: a browser that reconnects goes on
/// where it was (`Last-Event-ID`).
#[utoipa::path(get, path = "/api/v1/changes/stream", tag = "changes", params(ChangesAfter),
    responses((status = 200, description = "Events without end", content_type = "text/event-stream", body = String)))]
pub async fn stream(
    asked: Query<ChangesAfter>,
    caller: Caller,
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
        at: position(&mut *app.read().await?, last).await?,
        ready: VecDeque::new(),
        told_at: Instant::now(),
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await;
        Some((event, follower))
    });
    Ok(live::answer(&app, caller, events))
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
