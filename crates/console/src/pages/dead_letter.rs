//! One dead letter: what went wrong with it, and what a replay would do now.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Form, Path};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;
use waybill_replay::preview::Preview;

use super::badge::Badge;
use super::death::{Death, replay_badge};
use super::foreseen::ForeseenOrder;
use super::layout::{self, Layout};
use super::moment::Moment;
use crate::access::{Acting, Caller};
use crate::api::dead_letters::{self, DeadLetterView};
use crate::api::replay;
use crate::api::replays::REPLAYING;
use crate::api::webhooks::{self, WebhookView};
use crate::app::App;
use crate::problem::Problem;

/// Of the form; its other field is the proof of our own page.
#[derive(Deserialize)]
pub(super) struct Replaying {
    reason: String,
}

#[derive(Template)]
#[template(path = "dead_letter.html")]
struct DeadLetterPage {
    layout: Layout,
    letter: DeadLetterView,
    death: Death,
    received: Moment,
    first_failed: Moment,
    last_failed: Moment,
    replay: Badge,
    /// When somebody began to replay it last.
    replayed: Option<Moment>,
    /// Absent where the month of the log was dropped.
    webhook: Option<WebhookView>,
    verdict: Badge,
    /// It is not replayed yet.
    waits: bool,
    prospect: Option<Prospect>,
    /// Why there is none, where that can be told.
    unreadable: Option<&'static str>,
    may_replay: bool,
}

/// What a replay would do now.
struct Prospect {
    verdict: Badge,
    rule: String,
    orders: Vec<ForeseenOrder>,
}

impl From<Preview> for Prospect {
    fn from(preview: Preview) -> Self {
        Self {
            verdict: Badge::verdict(Some(&preview.verdict)),
            rule: preview.rule,
            orders: preview
                .effects
                .into_iter()
                .map(ForeseenOrder::from)
                .collect(),
        }
    }
}

pub(super) async fn show(
    layout: Layout,
    id: Path<Uuid>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let letter = dead_letters::one(&app, *id).await?;
    let webhook = match webhooks::one(&app, *id).await {
        Err(Problem::NotFound(_)) => None,
        found => Some(found?),
    };
    let waits = letter.replay_state != "replayed";
    let (prospect, unreadable) = if waits { prospect(&app, *id).await? } else { (None, None) };
    let verdict = webhook
        .as_ref()
        .and_then(|webhook| webhook.verdict.as_deref());
    layout::page(&DeadLetterPage {
        layout,
        death: Death::new(&letter.reason),
        received: letter.received_at.into(),
        first_failed: letter.first_failed_at.into(),
        last_failed: letter.last_failed_at.into(),
        replay: replay_badge(&letter.replay_state),
        replayed: letter.replayed_at.map(Moment::from),
        verdict: Badge::verdict(verdict),
        waits,
        may_replay: prospect.is_some() && REPLAYING.allows(&caller.grant).is_ok(),
        prospect,
        unreadable,
        webhook,
        letter,
    })
}

/// What a replay would do, or why nobody can tell.
async fn prospect(
    app: &App,
    id: Uuid,
) -> Result<(Option<Prospect>, Option<&'static str>), Problem> {
    match replay::look(app, id).await {
        Ok(preview) => Ok((Some(preview.into()), None)),
        Err(Problem::Conflict(why)) => Ok((None, Some(why))),
        Err(problem) => Err(problem),
    }
}

/// Replays it, and shows how it stands then.
pub(super) async fn replay(
    id: Path<Uuid>,
    form: Form<Replaying>,
    acting: Acting,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    replay::again(&app, *id, (&form.reason, &acting)).await?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("/dead-letters/{id}")))
        .finish())
}
