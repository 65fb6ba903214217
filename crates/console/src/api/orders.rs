//! Orders: search, and one of them.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use waybill_operate::orders;
pub use waybill_operate::orders::{OrderFilter, OrderView};

use crate::app::App;
use crate::page::{self, Page};
use crate::problem::{Problem, ProblemBody};

/// Finds orders, the newest first. A filter for what is common, and the second of several, look at a few thousand orders
/// at a time: a page can be short, even empty, and still have a `next`.
#[utoipa::path(get, path = "/api/v1/orders", tag = "orders", params(OrderFilter),
    responses((status = 200, description = "A page of orders", body = Page<OrderView>)))]
pub async fn search(
    filter: Query<OrderFilter>,
    app: Data<App>,
) -> Result<Json<Page<OrderView>>, Problem> {
    find(&app, &filter).await.map(Json)
}

/// The same for pages.
///
/// # Errors
/// `Invalid` where a filter cannot be understood.
pub async fn find(app: &App, filter: &OrderFilter) -> Result<Page<OrderView>, Problem> {
    let mut conn = app.read().await?;
    Ok(orders::find(&mut conn, filter).await?)
}

/// Shows one order.
#[utoipa::path(get, path = "/api/v1/orders/{order}", tag = "orders",
    params(("order" = String, Path, description = "An id of ours, the merchant's, or a whole reference")),
    responses((status = 200, description = "The order", body = OrderView),
        (status = 304, description = "It is still what `If-None-Match` says"),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Several are called so", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(
    called: Path<String>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let mut conn = app.read().await?;
    let order = orders::show(&mut conn, &called).await?;
    Ok(page::tagged(&request, &order))
}
