//! What a replay would do to orders, in words and money.

use waybill_replay::preview::{OrderName, PreviewedOrder};

use super::changes::{Change, changes};

/// An order that would change.
pub(super) struct ForeseenOrder {
    pub(super) order: OrderLink,
    /// It would begin.
    pub(super) begins: bool,
    /// It would become part of this one.
    pub(super) into: Option<OrderLink>,
    pub(super) changes: Vec<Change>,
}

/// An order by the name that people know, and where it is shown.
pub(super) struct OrderLink {
    pub(super) name: String,
    /// Absent where it would only begin.
    pub(super) address: Option<String>,
}

impl From<PreviewedOrder> for ForeseenOrder {
    fn from(order: PreviewedOrder) -> Self {
        // Where the currency does not change, it is the one before as well.
        let mut currency = match order.changed.get("currency") {
            Some([before, _]) => before.as_str().map(str::to_owned),
            None => order.currency,
        };
        Self {
            begins: order.order_id.is_none(),
            into: order.absorbed_into.map(OrderLink::from),
            changes: changes(&order.changed, &mut currency),
            order: OrderName { order_id: order.order_id, external_id: order.external_id }.into(),
        }
    }
}

impl From<OrderName> for OrderLink {
    fn from(order: OrderName) -> Self {
        let ours = order.order_id.map(|id| id.to_string());
        Self {
            address: ours.as_ref().map(|id| format!("/orders/{id}")),
            name: order
                .external_id
                .or(ours)
                .unwrap_or_else(|| "an order that nobody has named".to_owned()),
        }
    }
}
