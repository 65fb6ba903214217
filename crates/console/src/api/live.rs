//! Server-sent events: a stream that ends with its reader, or when the console stops.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;

use crate::app::App;

/// So that proxies do not take a quiet stream for a dead one.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(15);

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

/// Answers with events until the console stops.
pub(super) fn answer(app: &Data<App>, events: impl Stream<Item = Bytes> + 'static) -> HttpResponse {
    let stop = app.shutdown.clone();
    let events = events
        .take_until(async move { stop.begun().await })
        .map(Ok::<_, actix_web::Error>);
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("x-accel-buffering", "no"))
        .streaming(Box::pin(events))
}
