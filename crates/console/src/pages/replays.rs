//! Replays of many dead letters.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;
use waybill_replay::ask::{ReplayFilter, ReplayRequested};
use waybill_replay::view::{ReplayPaging, ReplayView};

use super::badge::Badge;
use super::filter::{Filter, Paging};
use super::layout::{self, Layout};
use super::moment::Moment;
use super::selected::{Part, parts};
use crate::access::Acting;
use crate::api::replays;
use crate::app::App;
use crate::problem::Problem;

pub(super) const PATH: &str = "/replays";

/// Of the form; which letters stands in the address, as on the page of the dry run.
#[derive(Deserialize)]
pub(super) struct Beginning {
    reason: String,
    rate: u16,
}

#[derive(Template)]
#[template(path = "replays.html")]
struct ReplaysPage {
    layout: Layout,
    rows: Vec<Row>,
    paging: Paging,
}

/// A replay in the list.
struct Row {
    id: Uuid,
    asked: Moment,
    state: Badge,
    matched: i64,
    done: i64,
    which: Vec<Part>,
    actor: String,
    reason: String,
}

impl From<ReplayView> for Row {
    fn from(replay: ReplayView) -> Self {
        Self {
            id: replay.id,
            asked: replay.created_at.into(),
            state: Badge::replay(&replay.state),
            matched: replay.matched,
            done: replay.done,
            which: parts(&replay.filter),
            actor: replay.actor,
            reason: replay.reason,
        }
    }
}

pub(super) async fn show(
    layout: Layout,
    place: Filter<ReplayPaging>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let found = replays::all(&app, &place.asked).await?;
    layout::page(&ReplaysPage {
        layout,
        paging: place.paging(&found),
        rows: found.items.into_iter().map(Row::from).collect(),
    })
}

/// Begins one, and shows how far it has come.
pub(super) async fn begin(
    which: Filter<ReplayFilter>,
    form: Form<Beginning>,
    acting: Acting,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let Beginning { reason, rate } = form.into_inner();
    let asked = ReplayRequested {
        filter: which.asked,
        dry_run: false,
        rate: Some(rate),
        reason: Some(reason),
    };
    let replay = replays::begin(&app, &asked, &acting).await?;
    Ok(super::replay::see(replay.id))
}
