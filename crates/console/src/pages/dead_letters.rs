//! Dead letters: what waits, by what is wrong, and each of them.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use url::form_urlencoded::Serializer;
use uuid::Uuid;
use waybill_common::storage::dead_letters::DeathReason;

use super::badge::Badge;
use super::death::{Death, replay_badge, replay_state};
use super::filter::{Choice, Filter, Paging};
use super::layout::{self, Layout};
use super::moment::Moment;
use crate::api::dead_letters::{self, DeadLetterFilter, DeadLetterView, GroupView, REPLAY_STATES};
use crate::app::App;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "dead_letters.html")]
struct DeadLettersPage {
    layout: Layout,
    groups: Vec<Group>,
    filter: Filter<DeadLetterFilter>,
    sources: Vec<Choice>,
    reasons: Vec<Choice>,
    states: Vec<Choice>,
    rows: Vec<Row>,
    paging: Paging,
    /// Where one sees what a replay of those that are listed would do; absent where none of them waits.
    dry_run: Option<String>,
}

/// Letters that wait, with the same thing wrong.
struct Group {
    source: String,
    death: Death,
    letters: i64,
    first_failed: Moment,
    last_failed: Moment,
    /// Where they are listed.
    link: String,
    dry_run: String,
}

/// A letter in the list.
struct Row {
    id: Uuid,
    received: Moment,
    source: String,
    death: Badge,
    error: String,
    attempts: i16,
    last_failed: Moment,
    replay: Badge,
}

impl From<GroupView> for Group {
    fn from(group: GroupView) -> Self {
        let which = [("source", group.source.as_str()), ("reason", group.reason.as_str())];
        let waiting = [which[0], which[1], ("replay_state", "none")];
        Self {
            link: address("/dead-letters", waiting),
            dry_run: address(super::dry_run::PATH, which),
            death: Death::new(&group.reason),
            letters: group.letters,
            first_failed: group.first_failed_at.into(),
            last_failed: group.last_failed_at.into(),
            source: group.source,
        }
    }
}

impl From<DeadLetterView> for Row {
    fn from(letter: DeadLetterView) -> Self {
        Self {
            id: letter.webhook_id,
            received: letter.received_at.into(),
            death: Badge::death(&letter.reason),
            replay: replay_badge(&letter.replay_state),
            last_failed: letter.last_failed_at.into(),
            attempts: letter.attempts,
            source: letter.source,
            error: letter.error,
        }
    }
}

pub(super) async fn show(
    layout: Layout,
    filter: Filter<DeadLetterFilter>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let groups = dead_letters::counted(&app).await?;
    let found = dead_letters::find(&app, &filter.asked).await?;
    let sources: BTreeSet<&str> = sources(&app, &groups);
    let states = filter.choices("replay_state", REPLAY_STATES);
    let page = DeadLettersPage {
        layout,
        sources: filter.choices("source", sources),
        reasons: reasons(&filter),
        states: states.into_iter().map(in_words).collect(),
        paging: filter.paging(&found),
        dry_run: dry_run(&filter).filter(|_| !found.items.is_empty()),
        rows: found.items.into_iter().map(Row::from).collect(),
        groups: groups.into_iter().map(Group::from).collect(),
        filter,
    };
    layout::page(&page)
}

/// Those that are configured, and any other that letters came from.
pub(super) fn sources<'a>(app: &'a App, groups: &'a [GroupView]) -> BTreeSet<&'a str> {
    let dead = groups.iter().map(|group| group.source.as_str());
    let configured = app.config.sources.keys();
    configured.map(String::as_str).chain(dead).collect()
}

pub(super) fn reasons<T>(filter: &Filter<T>) -> Vec<Choice> {
    filter.choices("reason", DeathReason::ALL.iter().map(|reason| reason.as_str()))
}

fn in_words(choice: Choice) -> Choice {
    Choice { text: replay_state(&choice.value).to_owned(), ..choice }
}

/// Of the letters that are listed those that wait.
fn dry_run(filter: &Filter<DeadLetterFilter>) -> Option<String> {
    let which = ["source", "reason"].map(|name| (name, filter.value(name)));
    let narrow = which.iter().any(|(_, value)| !value.is_empty());
    let path = super::dry_run::PATH;
    match filter.value("replay_state") {
        "replayed" => None,
        _ if narrow => {
            Some(address(path, which.into_iter().filter(|(_, value)| !value.is_empty())))
        }
        _ => Some(address(path, [("all", "true")])),
    }
}

fn address<'a>(path: &str, query: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let query = Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{path}?{query}")
}
