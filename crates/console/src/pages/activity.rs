//! What operators and their programs did.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use serde_json::Value;

use super::badge::words;
use super::filter::{Filter, Paging};
use super::layout::{self, Layout};
use super::moment::Moment;
use crate::api::activity::{self, ActionFilter, ActionView};
use crate::app::App;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "activity.html")]
struct ActivityPage {
    layout: Layout,
    filter: Filter<ActionFilter>,
    rows: Vec<Row>,
    paging: Paging,
}

/// An action in the list.
struct Row {
    at: Moment,
    actor: String,
    action: String,
    reason: String,
    origin: String,
    subject: String,
    /// Where the subject is shown, if it is.
    link: Option<String>,
    /// What it was and what it became, as JSON.
    before: Option<String>,
    after: Option<String>,
}

impl From<ActionView> for Row {
    fn from(action: ActionView) -> Self {
        let told = |value: Option<Value>| value.map(|value| format!("{value:#}"));
        Self {
            at: action.at.into(),
            action: words(&action.action),
            link: link(&action.subject),
            before: told(action.before),
            after: told(action.after),
            actor: action.actor,
            reason: action.reason,
            origin: action.origin,
            subject: action.subject,
        }
    }
}

/// Subjects are called `<kind>:<id>`; only ids that need no escaping lead anywhere.
fn link(subject: &str) -> Option<String> {
    let (kind, id) = subject.split_once(':')?;
    let id = uuid::Uuid::try_parse(id).ok()?;
    match kind {
        "order" => Some(format!("/orders/{id}")),
        "webhook" => Some(format!("/webhooks/{id}")),
        "replay" => Some(format!("/replays/{id}")),
        _ => None,
    }
}

pub(super) async fn show(
    layout: Layout,
    filter: Filter<ActionFilter>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let found = activity::find(&app, &filter.asked).await?;
    let page = ActivityPage {
        layout,
        paging: filter.paging(&found),
        rows: found.items.into_iter().map(Row::from).collect(),
        filter,
    };
    layout::page(&page)
}
