//! Lives of a sale as Lightspeed Retail tells them.

use serde_json::json;
use waybill_common::domain::Status;

use crate::form;
use crate::{Message, Order, Scenario};

pub(super) const SCENARIOS: [Scenario; 3] = [
    Scenario {
        name: "closed",
        about: "saved, then paid and closed",
        ends_in: Status::Completed,
        messages: |order| life(order, &[("SAVED", 0), ("CLOSED", 4)]),
    },
    Scenario {
        name: "layby",
        about: "a quarter is paid, the rest later",
        ends_in: Status::Completed,
        messages: |order| life(order, &[("SAVED", 0), ("LAYBY", 1), ("LAYBY_CLOSED", 4)]),
    },
    Scenario {
        name: "voided",
        about: "closed, then voided, which lists its payments still",
        ends_in: Status::Cancelled,
        messages: |order| life(order, &[("SAVED", 0), ("CLOSED", 4), ("VOIDED", 4)]),
    },
];

/// The statuses, and how many quarters of the total were paid by then.
fn life(order: &Order, steps: &[(&str, i64)]) -> Vec<Message> {
    (0..)
        .zip(steps)
        .map(|(version, (status, quarters))| {
            let paid =
                if *quarters == 4 { order.total.minor() } else { order.quarter() * quarters };
            let updated = order.at(version * 20).to_string();
            let sale = json!({
                "id": order.id,
                "status": status,
                "updated_at": updated.split('.').next().map(|time| time.replace('T', " ")),
                "totals": { "total_price": order.digits(order.total.minor()), "total_tax": "0" },
                "register_sale_payments": [{ "id": "p-1", "amount": order.digits(paid) }],
                "version": version + 1,
            });
            message(&sale.to_string())
        })
        .collect()
}

fn message(sale: &str) -> Message {
    let body = format!("domain_prefix=testshop&payload={}&type=sale.update", form::encode(sale));
    Message {
        headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
        body: body.into_bytes(),
    }
}
