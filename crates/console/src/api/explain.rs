//! Why is this order in this state?

use actix_web::web::{Data, Json, Path};
use waybill_operate::explain;
pub use waybill_operate::explain::{Explanation, Step, steps};

use crate::app::App;
use crate::problem::{Problem, ProblemBody};

/// Explains an order's state: each event in order, the rule that decided, and what it changed.
#[utoipa::path(get, path = "/api/v1/orders/{order}/explain", tag = "orders",
    params(("order" = String, Path, description = "An id of ours or the merchant's")),
    responses((status = 200, description = "The way to its state", body = Explanation),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Several are called so", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn explain(called: Path<String>, app: Data<App>) -> Result<Json<Explanation>, Problem> {
    let mut conn = app.read().await?;
    Ok(Json(explain::explain(&mut conn, &called).await?))
}
