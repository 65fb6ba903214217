//! What is configured, without its secrets, and what they have verified.

use actix_web::web::{Data, Json};
use waybill_operate::sources;
pub use waybill_operate::sources::{SecretView, SourceView, Standing};

use crate::app::App;
use crate::problem::Problem;

/// Lists the configured sources; secrets are told by their state and their use alone.
#[utoipa::path(get, path = "/api/v1/sources", tag = "sources",
    responses((status = 200, description = "All sources, by name", body = Vec<SourceView>)))]
pub async fn list(app: Data<App>) -> Result<Json<Vec<SourceView>>, Problem> {
    all(&app).await.map(Json)
}

/// The same for pages.
///
/// # Errors
/// As any query.
pub async fn all(app: &App) -> Result<Vec<SourceView>, Problem> {
    let mut conn = app.read().await?;
    Ok(sources::all(&mut conn, &app.config, app.clock.now()).await?)
}
