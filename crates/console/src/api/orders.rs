//! Orders: search, and one of them.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use waybill_common::storage::orders::{self, Order};

use crate::app::App;
use crate::page::{self, Page, Paging};
use crate::problem::{Problem, ProblemBody};

/// An order's state. Amounts are minor units of `currency`, which has `exponent` decimals.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderView {
    pub id: Uuid,
    pub namespace: String,
    /// The merchant's own id, once an event has told it.
    pub external_id: Option<String>,
    pub status: String,
    pub payment: String,
    pub fulfilment: String,
    pub dispute: String,
    pub lifecycle: String,
    pub currency: Option<String>,
    pub exponent: Option<i16>,
    pub total: Option<i64>,
    pub authorized: i64,
    pub captured: i64,
    pub refunded: i64,
    pub disputed: i64,
    pub flags: Vec<String>,
    /// One up with every commit.
    pub version: String,
    /// The hash of the last row of its audit trail.
    pub head_hash: String,
    pub absorbed_into: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<orders::Summary> for OrderView {
    fn from(order: orders::Summary) -> Self {
        Self {
            id: order.id,
            namespace: order.namespace,
            external_id: order.external_id,
            status: order.status,
            payment: order.payment,
            fulfilment: order.fulfilment,
            dispute: order.dispute,
            lifecycle: order.lifecycle,
            currency: order.currency,
            exponent: order.exponent,
            total: order.total,
            authorized: order.authorized,
            captured: order.captured,
            refunded: order.refunded,
            disputed: order.disputed,
            flags: order.flags,
            version: order.version.to_string(),
            head_hash: hex::encode(order.head_hash),
            absorbed_into: order.absorbed_into,
            created_at: order.created_at,
            updated_at: order.updated_at,
        }
    }
}

/// Filters of the search; each narrows it down.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OrderFilter {
    /// A headline, such as `paid`
    pub status: Option<String>,
    /// A payment state, such as `overpaid`
    pub payment: Option<String>,
    /// A source that has told of the order
    pub source: Option<String>,
    /// What a person calls it: an id of ours, the merchant's, a whole reference, or a webhook's id
    pub q: Option<String>,
    /// Made at this time (RFC 3339) or later
    pub from: Option<String>,
    /// Made before this time (RFC 3339)
    pub to: Option<String>,
    /// 1 to 200, 50 by default
    pub limit: Option<i64>,
    /// `next` or `previous` of another answer
    pub cursor: Option<String>,
}

/// Finds orders, the newest first. A filter for what is common looks at a few thousand orders at a time: a page can be
/// short, even empty, and still have a `next`.
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
    let paging = Paging::read(filter.limit, filter.cursor.as_deref())?;
    let search = read(filter)?;
    let mut conn = app.read().await?;
    let found = orders::search(&mut conn, &search, paging.place()).await?;
    let page = page::page(found.rows, paging, |row| row.id, OrderView::from);
    Ok(page.unless_stopped(found.stopped_at, paging.cursor))
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
    let order = one(&mut conn, &called).await?;
    Ok(page::tagged(&request, &OrderView::from(order.summary)))
}

/// The one order that is called so.
///
/// # Errors
/// `NotFound`, or `Conflict` where namespaces use the same name.
pub async fn one(conn: &mut AsyncPgConnection, called: &str) -> Result<Order, Problem> {
    let mut found = orders::find(conn, called).await?;
    match (found.pop(), found.pop()) {
        (Some(order), None) => Ok(order),
        (Some(_), Some(_)) => Err(Problem::Conflict("several orders are called so: use the id")),
        (None, _) => Err(Problem::NotFound("order")),
    }
}

fn read(filter: &OrderFilter) -> Result<orders::Search, Problem> {
    let called = page::text("q", filter.q.as_deref())?;
    Ok(orders::Search {
        status: page::named("status", filter.status.as_deref())?,
        payment: page::named("payment", filter.payment.as_deref())?,
        source: page::text("source", filter.source.as_deref())?,
        called: called
            .map(|q| q.trim().to_owned())
            .filter(|q| !q.is_empty()),
        from: page::time("from", filter.from.as_deref())?,
        to: page::time("to", filter.to.as_deref())?,
    })
}
