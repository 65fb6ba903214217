//! What operators did.

use actix_web::web::{Data, Json, Query};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use waybill_common::storage::operator_actions::{self, Action};

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

/// Which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ActionFilter {
    /// 1 to 200, 50 by default
    pub limit: Option<i64>,
    /// `next` or `previous` of another answer
    pub cursor: Option<String>,
}

/// Lists what operators did, the newest first.
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
/// `Invalid` where the place cannot be understood.
pub async fn find(app: &App, filter: &ActionFilter) -> Result<Page<ActionView>, Problem> {
    let paging = Paging::read(filter.limit, filter.cursor.as_deref())?;
    let mut conn = app.read().await?;
    let rows = operator_actions::list(&mut conn, paging.place()).await?;
    Ok(page::page(rows, paging, |row| row.id, ActionView::from))
}
