//! Server-sent events: a stream that ends with its reader, with its reader's credential, or when the console stops.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;
use tokio::time::sleep;

use crate::access::{self, Caller};
use crate::app::App;

/// So that proxies do not take a quiet stream for a dead one.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(15);

/// A credential that has ended, by being revoked, by signing out or with its time, ends its streams within this.
const JUDGE_EVERY: Duration = Duration::from_secs(3);

/// One event.
pub(super) fn event(id: Option<&str>, name: &str, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_default();
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Bytes::from(format!("{id}event: {name}\ndata: {data}\n\n"))
}

/// A line that readers pass over.
pub(super) fn comment() -> Bytes {
    Bytes::from_static(b": still here\n\n")
}

/// Answers with events until the console stops, or the caller would not be let in any more.
pub(super) fn answer(
    app: &Data<App>,
    caller: Caller,
    events: impl Stream<Item = Bytes> + 'static,
) -> HttpResponse {
    let (stop, watched) = (app.shutdown.clone(), app.clone());
    let end = async move {
        tokio::select! {
            () = stop.begun() => {}
            () = dismissed(&watched, &caller) => {}
        }
    };
    let events = events.take_until(end).map(Ok::<_, actix_web::Error>);
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("x-accel-buffering", "no"))
        .streaming(Box::pin(events))
}

/// Ends when the caller's credential has. Roles and scopes need no second look: the least of them may follow a stream, and
/// a token's never change.
async fn dismissed(app: &App, caller: &Caller) {
    loop {
        sleep(JUDGE_EVERY).await;
        match access::is_still_known(app, caller).await {
            Ok(true) => {}
            Ok(false) => return,
            // Whatever a stream tells comes from the database that cannot be asked: until it can, nothing is told.
            Err(problem) => {
                tracing::debug!(error = problem.log_line(), "could not judge a reader again");
            }
        }
    }
}
