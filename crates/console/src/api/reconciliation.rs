//! Is everything that was accepted accounted for?

use actix_web::web::{Data, Json, Query};
use waybill_operate::reconciliation;
pub use waybill_operate::reconciliation::{Asked, BalanceView, Reconciliation};

use crate::app::App;
use crate::problem::Problem;

/// Shows per source and span that accepted equals accounted for.
#[utoipa::path(get, path = "/api/v1/reconciliation", tag = "reconciliation", params(Asked),
    responses((status = 200, description = "Balances by start and source", body = Reconciliation)))]
pub async fn show(asked: Query<Asked>, app: Data<App>) -> Result<Json<Reconciliation>, Problem> {
    let mut conn = app.read().await?;
    let known = (&app.config, app.clock.now());
    Ok(Json(reconciliation::show(&mut conn, &asked, known).await?))
}
