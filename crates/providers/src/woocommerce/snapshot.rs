//! An order as the shop sees it now, whatever the topic says happened.

use waybill_common::domain::{Fulfilment, Lifecycle, Money, Origin, Payment, Snapshot, first_at};

use crate::json::Json;
use crate::meaning::{Without, snapshot, unusable};
use crate::{minor, time};

/// Reads an order. A deletion has no time, so a later word lifts it.
pub(super) fn read(
    topic: &str,
    body: &Json<'_>,
    object: &str,
    book: &str,
) -> Result<Snapshot, Without> {
    let status = body.at("status").text();
    if status.is_none() || status == Some("trash") {
        // Only a body without an order can mean a deletion: the topic is not signed.
        return match topic {
            "order.deleted" => Ok(deleted(object, book)),
            _ if status == Some("trash") => Ok(deleted(object, book)),
            _ => unusable("the body holds no order"),
        };
    }
    let Some(modified) = time::without_zone(body.at("date_modified_gmt"), Origin::Object) else {
        return unusable("the order does not tell when it was modified");
    };
    let currency = body.at("currency").text();
    let said = snapshot(object.to_owned(), book, first_at(modified.at));
    Ok(Snapshot {
        lifecycle: lifecycle(status),
        payment: payment(status),
        fulfilment: (status == Some("completed")).then_some(Fulfilment::Fulfilled),
        total: Some(minor::decimal(body.at("total").decimal(), currency)?),
        refunded: refunded(body, currency)?,
        deleted: (topic == "order.restored").then_some(false),
        ..said
    })
}

fn deleted(object: &str, book: &str) -> Snapshot {
    Snapshot { deleted: Some(true), ..snapshot(object.to_owned(), book, 0) }
}

fn lifecycle(status: Option<&str>) -> Option<Lifecycle> {
    match status {
        Some("completed") => Some(Lifecycle::Closed),
        Some("cancelled") => Some(Lifecycle::Cancelled),
        Some(_) | None => None,
    }
}

/// Merchants add statuses of their own, which say nothing here.
fn payment(status: Option<&str>) -> Option<Payment> {
    match status {
        Some("pending") => Some(Payment::Unpaid),
        Some("on-hold") => Some(Payment::Processing),
        Some("processing" | "completed") => Some(Payment::Paid),
        Some("refunded") => Some(Payment::Refunded),
        Some("failed") => Some(Payment::Failed),
        Some(_) | None => None,
    }
}

/// Refunds are listed with negative totals; a part of the order does not change its status.
fn refunded(body: &Json<'_>, currency: Option<&str>) -> Result<Option<Money>, Without> {
    let mut sum = None;
    for refund in body.at("refunds").items() {
        let digits = refund.at("total").decimal();
        let positive = digits.map(|digits| digits.trim_start_matches('-'));
        sum = Some(minor::sum(sum, minor::decimal(positive, currency)?)?);
    }
    Ok(sum)
}
