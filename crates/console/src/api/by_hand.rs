//! What operators do to an order by hand: acknowledging a flag, undoing a wrong link.

use actix_web::web::{Data, Json, Path};
use serde::Deserialize;
use utoipa::IntoParams;
use waybill_operate::by_hand;
pub use waybill_operate::by_hand::{
    AcknowledgeRequest, AcknowledgedView, UnlinkRequest, UnlinkedView,
};
use waybill_operate::parameter;

use crate::access::Acting;
use crate::app::App;
use crate::problem::{Problem, ProblemBody};

/// Which flag.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct FlagOfOrder {
    /// An id of ours or the merchant's
    order: String,
    /// A flag that the order raises
    #[param(value_type = parameter::Flag, inline)]
    flag: String,
}

/// Acknowledges a flag: what raises it now raises it no more, whatever comes after does. The row of the trail says who has
/// seen what, and why that is well.
#[utoipa::path(post, path = "/api/v1/orders/{order}/flags/{flag}/acknowledge", tag = "orders", request_body = AcknowledgeRequest,
    params(FlagOfOrder),
    responses((status = 200, description = "What was acknowledged", body = AcknowledgedView),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The order does not raise it, or several are called so", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn acknowledge(
    path: Path<FlagOfOrder>,
    asked: Json<AcknowledgeRequest>,
    acting: Acting,
    app: Data<App>,
) -> Result<Json<AcknowledgedView>, Problem> {
    let FlagOfOrder { order, flag } = path.into_inner();
    let mut conn = app.write().await?;
    let asked = (&*asked, acting.who());
    Ok(Json(by_hand::acknowledge(&mut conn, (&order, &flag), asked, app.clock.now()).await?))
}

/// Undoes a wrong link: a name that others gave the order, and all that came by it, leaves for an order of its own. No event
/// links the two again. With `dry_run` it only says what would change.
#[utoipa::path(post, path = "/api/v1/orders/{order}/unlink", tag = "orders", request_body = UnlinkRequest,
    params(("order" = String, Path, description = "An id of ours or the merchant's")),
    responses((status = 200, description = "What was undone, or would be", body = UnlinkedView),
        (status = 404, description = "No such order, or it has no such name", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It cannot be undone, or several are called so", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn unlink(
    order: Path<String>,
    asked: Json<UnlinkRequest>,
    acting: Acting,
    app: Data<App>,
) -> Result<Json<UnlinkedView>, Problem> {
    let mut conn = app.write().await?;
    Ok(Json(by_hand::unlink(&mut conn, &order, (&asked, acting.who()), app.clock.now()).await?))
}
