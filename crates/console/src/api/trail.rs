//! An order's audit trail: its rows, and whether they hold.

use actix_web::web::{Data, Json, Path, Query};
use waybill_operate::trail;
pub use waybill_operate::trail::{Snapshot, Trail, TrailPart, TrailRow, Verified};

use crate::app::App;
use crate::problem::{Problem, ProblemBody};

/// Shows an order's audit trail, the oldest row first.
#[utoipa::path(get, path = "/api/v1/orders/{order}/events", tag = "orders",
    params(("order" = String, Path, description = "An id of ours or the merchant's"), TrailPart),
    responses((status = 200, description = "Rows of the trail", body = Trail),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Several are called so", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn events(
    called: Path<String>,
    part: Query<TrailPart>,
    app: Data<App>,
) -> Result<Json<Trail>, Problem> {
    let mut conn = app.read().await?;
    Ok(Json(trail::events(&mut conn, &called, &part).await?))
}

/// Reads an order's whole trail again: hashes, sequence, continuity, and whether the stored state is its fold. Writes
/// nothing.
#[utoipa::path(post, path = "/api/v1/orders/{order}/verify", tag = "orders",
    params(("order" = String, Path, description = "An id of ours or the merchant's")),
    responses((status = 200, description = "Whether it holds", body = Verified),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Several are called so", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn verify(called: Path<String>, app: Data<App>) -> Result<Json<Verified>, Problem> {
    let mut conn = app.read().await?;
    Ok(Json(trail::verify(&mut conn, &called).await?))
}

/// An order with its trail, for pages.
///
/// # Errors
/// `NotFound`, or `Conflict` where several orders are called so.
pub async fn snapshot(app: &App, called: &str) -> Result<Snapshot, Problem> {
    let mut conn = app.read().await?;
    Ok(trail::snapshot(&mut conn, called).await?)
}
