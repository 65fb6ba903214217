//! Finding orders.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use uuid::Uuid;
use waybill_common::domain::{Flag, Payment, Status};

use super::amount::amount;
use super::badge::Badge;
use super::filter::{Choice, Filter, Paging};
use super::layout::{self, Layout};
use super::moment::Moment;
use crate::api::orders::{self, OrderFilter, OrderView};
use crate::app::App;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "orders.html")]
struct OrdersPage {
    layout: Layout,
    filter: Filter<OrderFilter>,
    statuses: Vec<Choice>,
    payments: Vec<Choice>,
    flags: Vec<Choice>,
    sources: Vec<Choice>,
    rows: Vec<Row>,
    paging: Paging,
}

/// An order in the list.
struct Row {
    id: Uuid,
    /// The merchant's id, or ours while nobody has told it.
    name: String,
    is_named: bool,
    namespace: String,
    status: Badge,
    payment: Badge,
    flags: Vec<Badge>,
    total: String,
    captured: String,
    refunded: String,
    made: Moment,
}

impl From<OrderView> for Row {
    fn from(order: OrderView) -> Self {
        let money = |minor| amount(minor, order.currency.as_deref());
        Self {
            id: order.id,
            is_named: order.external_id.is_some(),
            status: Badge::status(&order.status),
            payment: Badge::payment(&order.payment),
            flags: order.flags.iter().map(|flag| Badge::flag(flag)).collect(),
            total: money(order.total),
            captured: money(Some(order.captured)),
            refunded: money(Some(order.refunded)),
            made: order.created_at.into(),
            name: order.external_id.unwrap_or_else(|| order.id.to_string()),
            namespace: order.namespace,
        }
    }
}

pub(super) async fn show(
    layout: Layout,
    filter: Filter<OrderFilter>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let found = orders::find(&app, &filter.asked).await?;
    let sources = app.config.sources.keys().map(String::as_str);
    let page = OrdersPage {
        layout,
        statuses: filter.choices("status", Status::ALL.iter().map(|status| status.as_str())),
        payments: filter.choices("payment", Payment::ALL.iter().map(|payment| payment.as_str())),
        flags: filter.choices("flag", Flag::ALL.iter().map(|flag| flag.as_str())),
        sources: filter.choices("source", sources),
        paging: filter.paging(&found),
        rows: found.items.into_iter().map(Row::from).collect(),
        filter,
    };
    layout::page(&page)
}
