//! What operators did.

use actix_web::web::{Data, Json, Query};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use waybill_common::storage::operator_actions::{self, Action};
use waybill_operate::parameter;

use crate::app::App;
use crate::page::{self, Page, Paging};
use crate::problem::Problem;

/// One thing that somebody did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Action)]
pub struct ActionView {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    /// `operator:<name>` or `token:<name>`.
    pub actor: String,
    pub action: String,
    pub reason: String,
    /// The address that it came from.
    pub origin: String,
    /// What it was done to, such as `order:<id>`.
    pub subject: String,
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
}

impl From<Action> for ActionView {
    fn from(action: Action) -> Self {
        let Action { id, at, actor, action, reason, origin, subject, before, after } = action;
        Self { id, at, actor, action, reason, origin, subject, before, after }
    }
}

/// Filters; each narrows it down.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ActionFilter {
    /// `operator:<name>` or `token:<name>`
    #[param(value_type = Option<parameter::Text>, inline)]
    pub actor: Option<String>,
    /// What was done, such as `replay`
    #[param(value_type = Option<parameter::Text>, inline)]
    pub action: Option<String>,
    /// What it was done to, such as `order:<id>`
    #[param(value_type = Option<parameter::Text>, inline)]
    pub subject: Option<String>,
    /// Done at this time (RFC 3339) or later
    #[param(value_type = Option<parameter::Time>, inline)]
    pub from: Option<String>,
    /// Done before this time (RFC 3339)
    #[param(value_type = Option<parameter::Time>, inline)]
    pub to: Option<String>,
    /// 1 to 200, 50 by default
    #[param(value_type = Option<parameter::Limit>, inline)]
    pub limit: Option<i64>,
    /// `next` or `previous` of another answer
    #[param(value_type = Option<parameter::Cursor>, inline)]
    pub cursor: Option<String>,
}

/// Lists what operators did, the newest first. The second of several filters looks at a few thousand actions at a time: a page can
/// be short, even empty, and still have a `next`.
#[utoipa::path(get, path = "/api/v1/actions", tag = "activity", params(ActionFilter),
    responses((status = 200, description = "A page of actions", body = Page<ActionView>)))]
pub async fn list(
    filter: Query<ActionFilter>,
    app: Data<App>,
) -> Result<Json<Page<ActionView>>, Problem> {
    find(&app, &filter).await.map(Json)
}

/// The same for pages.
///
/// # Errors
/// `Invalid` where a filter cannot be understood.
pub async fn find(app: &App, filter: &ActionFilter) -> Result<Page<ActionView>, Problem> {
    let paging = Paging::read(filter.limit, filter.cursor.as_deref())?;
    let search = operator_actions::Search {
        actor: page::text("actor", filter.actor.as_deref())?,
        action: page::text("action", filter.action.as_deref())?,
        subject: page::text("subject", filter.subject.as_deref())?,
        from: page::time("from", filter.from.as_deref())?,
        to: page::time("to", filter.to.as_deref())?,
    };
    let mut conn = app.read().await?;
    let found = operator_actions::search(&mut conn, &search, paging.place()).await?;
    let page = page::page(found.rows, paging, |row| row.id, ActionView::from);
    Ok(page.unless_stopped(found.stopped_at, paging.cursor))
}
