//! Orders, for people.

use waybill_common::domain::{Currency, Money};
use waybill_operate::orders::OrderView;

use super::{at, cell, maybe, plain, word};
use crate::output::{Output, table};

pub(crate) fn list(orders: &[OrderView], output: &Output) -> String {
    let rows = orders.iter().map(|order| {
        [
            maybe(order.external_id.as_deref()),
            word(&order.status, output),
            word(&order.payment, output),
            cell(
                &order
                    .total
                    .map_or("–".to_owned(), |total| amount(total, order)),
            ),
            cell(&amount(order.captured, order)),
            cell(&amount(order.refunded, order)),
            cell(&order.flags.join(", ")),
            cell(&order.namespace),
            cell(&at(order.updated_at)),
            cell(&order.id.to_string()),
        ]
    });
    let heading = [
        "order",
        "status",
        "payment",
        "total",
        "captured",
        "refunded",
        "flags",
        "namespace",
        "updated",
        "id",
    ];
    table(heading, rows)
}

pub(crate) fn one(order: &OrderView, output: &Output) -> String {
    let called = order
        .external_id
        .as_deref()
        .unwrap_or("no merchant's id yet");
    let mut lines = vec![
        format!("order      {} ({})", plain(called), order.id),
        format!("status     {}", output.paint(&order.status, super::color_of(&order.status))),
        format!(
            "axes       payment {} · lifecycle {} · fulfilment {} · dispute {}",
            order.payment, order.lifecycle, order.fulfilment, order.dispute
        ),
        format!("money      {}", money(order)),
    ];
    if !order.flags.is_empty() {
        lines.push(format!("flags      {}", order.flags.join(", ")));
    }
    if let Some(into) = order.absorbed_into {
        lines.push(format!("absorbed   into {into}"));
    }
    lines.push(format!("head       {}", order.head_hash));
    lines.join("\n")
}

fn money(order: &OrderView) -> String {
    if order.currency.is_none() {
        return "none yet".to_owned();
    }
    let total = order
        .total
        .map_or("unknown".to_owned(), |total| amount(total, order));
    let mut parts = vec![format!("total {total}")];
    for (minor, name) in [
        (order.authorized, "authorized"),
        (order.captured, "captured"),
        (order.refunded, "refunded"),
        (order.disputed, "disputed"),
    ] {
        parts.push(format!("{name} {}", amount(minor, order)));
    }
    parts.join(" · ")
}

fn amount(minor: i64, order: &OrderView) -> String {
    in_currency(minor, order.currency.as_deref())
}

/// An amount as people write it; of a currency that this program does not know, its minor units.
pub(crate) fn in_currency(minor: i64, currency: Option<&str>) -> String {
    let Some(code) = currency else { return minor.to_string() };
    let known = Currency::parse(code)
        .ok()
        .and_then(|currency| Money::from_minor(minor, currency).ok());
    known.map_or_else(|| format!("{minor} minor units of {code}"), |money| money.to_string())
}
