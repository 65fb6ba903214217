//! A dry run: what a replay of many dead letters would do, and the form that begins it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use uuid::Uuid;
use waybill_replay::ask::{RATE, ReplayFilter, ReplayRequested};
use waybill_replay::preview::{PreviewedLetter, ReplayPreview};

use super::badge::Badge;
use super::dead_letters::{reasons, sources};
use super::filter::{Choice, Filter};
use super::foreseen::{ForeseenOrder, OrderLink};
use super::layout::{self, Layout};
use super::outcomes::{OutcomeCount, outcomes};
use crate::access::Caller;
use crate::api::dead_letters;
use crate::api::replays::{self, REPLAYING};
use crate::app::App;
use crate::problem::Problem;

/// Where it is, with the filter of a replay as its query.
pub(super) const PATH: &str = "/dead-letters/dry-run";
/// As many letters are shown without being asked for.
const LETTERS_OPEN: usize = 25;

#[derive(Template)]
#[template(path = "dry_run.html")]
struct DryRunPage {
    layout: Layout,
    filter: Filter<ReplayFilter>,
    sources: Vec<Choice>,
    reasons: Vec<Choice>,
    /// Absent until somebody says which letters.
    seen: Option<Seen>,
    may_replay: bool,
    /// Where the replay is asked for.
    begin: String,
    rate: u16,
}

/// What was seen.
struct Seen {
    matched: i64,
    examined: i64,
    is_sample: bool,
    outcomes: Vec<OutcomeCount>,
    orders: Vec<ForeseenOrder>,
    letters: Vec<Letter>,
    letters_open: bool,
}

/// A letter that would be replayed.
struct Letter {
    id: Uuid,
    /// The sender's own type of event, or the id where nothing can be read.
    name: String,
    source: String,
    outcome: Badge,
    rule: String,
    order: Option<OrderLink>,
}

impl From<ReplayPreview> for Seen {
    fn from(preview: ReplayPreview) -> Self {
        Self {
            matched: preview.matched,
            examined: preview.examined,
            is_sample: preview.is_sample,
            outcomes: outcomes(&preview.counts)
                .into_iter()
                .filter(|outcome| outcome.letters > 0)
                .collect(),
            orders: preview
                .orders
                .into_iter()
                .map(ForeseenOrder::from)
                .collect(),
            letters_open: preview.letters.len() <= LETTERS_OPEN,
            letters: preview.letters.into_iter().map(Letter::from).collect(),
        }
    }
}

impl From<PreviewedLetter> for Letter {
    fn from(letter: PreviewedLetter) -> Self {
        Self {
            id: letter.webhook_id,
            name: letter
                .native_type
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| letter.webhook_id.to_string()),
            source: letter.source.unwrap_or_default(),
            outcome: Badge::outcome(&letter.outcome),
            rule: letter.rule,
            order: letter.order.map(OrderLink::from),
        }
    }
}

pub(super) async fn show(
    layout: Layout,
    filter: Filter<ReplayFilter>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    // A form that was left empty asks for nothing yet: everything must be said.
    let seen = if filter.is_narrow() {
        let asked = ReplayRequested { filter: filter.asked.clone(), ..ReplayRequested::default() };
        Some(replays::dry_run(&app, &asked).await?.into())
    } else {
        None
    };
    let groups = dead_letters::counted(&app).await?;
    layout::page(&DryRunPage {
        layout,
        sources: filter.choices("source", sources(&app, &groups)),
        reasons: reasons(&filter),
        begin: filter.to(super::replays::PATH),
        seen,
        may_replay: REPLAYING.allows(&caller.grant).is_ok(),
        rate: RATE,
        filter,
    })
}
