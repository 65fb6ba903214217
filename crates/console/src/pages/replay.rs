//! One replay of many dead letters, as far as it has come; a script (`assets/replay.js`) goes on from there by the stream of
//! [`crate::api::replays`].

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Form, Path};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;
use waybill_replay::view::ReplayView;

use super::badge::Badge;
use super::layout::{self, Layout};
use super::moment::Moment;
use super::outcomes::{OutcomeCount, outcomes};
use super::selected::{Part, parts};
use crate::access::{Acting, Caller};
use crate::api::replays::{self, REPLAYING};
use crate::app::App;
use crate::problem::Problem;

/// Of the form; its other field is the proof of our own page.
#[derive(Deserialize)]
pub(super) struct Cancelling {
    reason: String,
}

#[derive(Template)]
#[template(path = "replay.html")]
struct ReplayPage {
    layout: Layout,
    state: Badge,
    is_running: bool,
    /// What is left, in words.
    left: String,
    which: Vec<Part>,
    outcomes: Vec<OutcomeCount>,
    asked: Moment,
    started: Option<Moment>,
    moved: Moment,
    ended: Option<Moment>,
    may_cancel: bool,
    replay: ReplayView,
}

pub(super) async fn show(
    layout: Layout,
    id: Path<Uuid>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let replay = replays::one(&app, *id).await?;
    let is_running = replay.state == "running";
    layout::page(&ReplayPage {
        layout,
        state: Badge::replay(&replay.state),
        is_running,
        left: replay.seconds_left.map_or_else(String::new, left),
        which: parts(&replay.filter),
        outcomes: outcomes(&replay.counts),
        asked: replay.created_at.into(),
        started: replay.started_at.map(Moment::from),
        moved: replay.updated_at.into(),
        ended: replay.finished_at.map(Moment::from),
        may_cancel: is_running && REPLAYING.allows(&caller.grant).is_ok(),
        replay,
    })
}

/// Calls it off, and shows how far it came.
pub(super) async fn cancel(
    id: Path<Uuid>,
    form: Form<Cancelling>,
    acting: Acting,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let replay = replays::call_off(&app, *id, (&form.reason, &acting)).await?;
    Ok(see(replay.id))
}

/// The way to a replay.
pub(super) fn see(id: Uuid) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("{}/{id}", super::replays::PATH)))
        .finish()
}

/// How long it takes still, as `assets/replay.js` says it.
fn left(seconds: i64) -> String {
    let told = match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds.div_euclid(60)),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    };
    format!("about {told} left")
}

#[cfg(test)]
mod tests;
