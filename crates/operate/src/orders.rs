//! Orders: search, and one of them.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use waybill_common::storage::orders::{self, Order};

use crate::page::{self, Page, Paging};
use crate::parameter;
use crate::refusal::Refusal;

/// An order's state. Amounts are minor units of `currency`, which has `exponent` decimals.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OrderFilter {
    /// A headline, such as `paid`
    #[param(value_type = Option<parameter::Status>, inline)]
    pub status: Option<String>,
    /// A payment state, such as `overpaid`
    #[param(value_type = Option<parameter::Payment>, inline)]
    pub payment: Option<String>,
    /// A flag, such as `conflict`
    #[param(value_type = Option<parameter::Flag>, inline)]
    pub flag: Option<String>,
    /// A source that has told of the order
    #[param(value_type = Option<parameter::Text>, inline)]
    pub source: Option<String>,
    /// What it is called: an id of ours, the merchant's id, a reference such as `stripe.payment_intent:acct_1:pi_1`, a
    /// webhook's id, or an event's id at its sender. Where nothing is called so, what begins so: of a namespace the
    /// first 1,000 names
    #[param(value_type = Option<parameter::Text>, inline)]
    pub q: Option<String>,
    /// Made at this time (RFC 3339) or later
    #[param(value_type = Option<parameter::Time>, inline)]
    pub from: Option<String>,
    /// Made before this time (RFC 3339)
    #[param(value_type = Option<parameter::Time>, inline)]
    pub to: Option<String>,
    /// 1 to 200, 50 by default
    #[param(value_type = Option<parameter::Limit>, inline)]
    pub limit: Option<i64>,
    /// `next` or `previous` of another answer
    #[param(value_type = Option<parameter::Cursor>, inline)]
    pub cursor: Option<String>,
}

/// Finds orders, the newest first.
///
/// # Errors
/// `Invalid` where a filter cannot be understood.
pub async fn find(
    conn: &mut AsyncPgConnection,
    filter: &OrderFilter,
) -> Result<Page<OrderView>, Refusal> {
    let paging = Paging::read(filter.limit, filter.cursor.as_deref())?;
    let search = read(filter)?;
    let found = orders::search(conn, &search, paging.place()).await?;
    let page = page::page(found.rows, paging, |row| row.id, OrderView::from);
    Ok(page.unless_stopped(found.stopped_at, paging.cursor))
}

/// One order.
///
/// # Errors
/// As [`one`].
pub async fn show(conn: &mut AsyncPgConnection, called: &str) -> Result<OrderView, Refusal> {
    Ok(OrderView::from(one(conn, called).await?.summary))
}

/// The one order that is called so.
///
/// # Errors
/// `NotFound`, or `Conflict` where namespaces use the same name.
pub async fn one(conn: &mut AsyncPgConnection, called: &str) -> Result<Order, Refusal> {
    let mut found = orders::find(conn, called).await?;
    match (found.pop(), found.pop()) {
        (Some(order), None) => Ok(order),
        (Some(_), Some(_)) => Err(Refusal::Conflict("several orders are called so: use the id")),
        (None, _) => Err(Refusal::NotFound("order")),
    }
}

fn read(filter: &OrderFilter) -> Result<orders::Search, Refusal> {
    let called = page::text("q", filter.q.as_deref())?;
    Ok(orders::Search {
        status: page::named("status", filter.status.as_deref())?,
        payment: page::named("payment", filter.payment.as_deref())?,
        flag: page::named("flag", filter.flag.as_deref())?,
        source: page::text("source", filter.source.as_deref())?,
        called: called
            .map(|q| q.trim().to_owned())
            .filter(|q| !q.is_empty()),
        from: page::time("from", filter.from.as_deref())?,
        to: page::time("to", filter.to.as_deref())?,
    })
}
