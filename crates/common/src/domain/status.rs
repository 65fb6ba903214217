//! An order's state as people read it: one headline, four axes, money and flags. Derived, never stored as truth.

use serde::{Deserialize, Serialize};

use super::Currency;
use super::names::named;

/// The headline. Rules: DOMAIN.md, section 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pending,
    RequiresAction,
    Processing,
    Failed,
    Authorized,
    PartiallyPaid,
    Paid,
    Completed,
    PartiallyRefunded,
    Refunded,
    Disputed,
    ChargedBack,
    Cancelled,
    Expired,
    /// The order became part of another one.
    Absorbed,
}

named!(Status {
    Pending => "pending",
    RequiresAction => "requires_action",
    Processing => "processing",
    Failed => "failed",
    Authorized => "authorized",
    PartiallyPaid => "partially_paid",
    Paid => "paid",
    Completed => "completed",
    PartiallyRefunded => "partially_refunded",
    Refunded => "refunded",
    Disputed => "disputed",
    ChargedBack => "charged_back",
    Cancelled => "cancelled",
    Expired => "expired",
    Absorbed => "absorbed",
});

/// The money axis; the order of the variants ranks a snapshot's register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payment {
    Unpaid,
    RequiresAction,
    Processing,
    Failed,
    Authorized,
    PartiallyPaid,
    Paid,
    Overpaid,
    PartiallyRefunded,
    Refunded,
    Voided,
}

named!(Payment {
    Unpaid => "unpaid",
    RequiresAction => "requires_action",
    Processing => "processing",
    Failed => "failed",
    Authorized => "authorized",
    PartiallyPaid => "partially_paid",
    Paid => "paid",
    Overpaid => "overpaid",
    PartiallyRefunded => "partially_refunded",
    Refunded => "refunded",
    Voided => "voided",
});

/// The goods axis; later outranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fulfilment {
    Unfulfilled,
    Partial,
    Fulfilled,
    Delivered,
    Returned,
}

named!(Fulfilment {
    Unfulfilled => "unfulfilled",
    Partial => "partial",
    Fulfilled => "fulfilled",
    Delivered => "delivered",
    Returned => "returned",
});

/// The disputes axis; later outranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dispute {
    None,
    Won,
    Inquiry,
    Open,
    Lost,
}

named!(Dispute {
    None => "none",
    Won => "won",
    Inquiry => "inquiry",
    Open => "open",
    Lost => "lost",
});

/// The order's own life; later outranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    Open,
    Closed,
    Expired,
    Cancelled,
    Deleted,
}

named!(Lifecycle {
    Open => "open",
    Closed => "closed",
    Expired => "expired",
    Cancelled => "cancelled",
    Deleted => "deleted",
});

/// What people should look at. Stored sorted by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    Conflict,
    CurrencyMismatch,
    NeedsFetch,
    Overpaid,
    PaidAfterCancel,
    Untrusted,
}

named!(Flag {
    Conflict => "conflict",
    CurrencyMismatch => "currency_mismatch",
    NeedsFetch => "needs_fetch",
    Overpaid => "overpaid",
    PaidAfterCancel => "paid_after_cancel",
    Untrusted => "untrusted",
});

/// An order's money, in minor units of `currency`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderMoney {
    pub currency: Option<Currency>,
    pub total: Option<i64>,
    pub authorized: i64,
    pub captured: i64,
    pub refunded: i64,
    pub disputed: i64,
}

/// Everything that is derived from an order's facts. Amounts are minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderState {
    pub status: Status,
    pub payment: Payment,
    pub fulfilment: Fulfilment,
    pub dispute: Dispute,
    pub lifecycle: Lifecycle,
    pub currency: Option<Currency>,
    pub total: Option<i64>,
    pub authorized: i64,
    pub captured: i64,
    pub refunded: i64,
    pub disputed: i64,
    /// Sorted by name, without repeats.
    pub flags: Vec<Flag>,
}

impl OrderState {
    #[must_use]
    pub fn money(&self) -> OrderMoney {
        OrderMoney {
            currency: self.currency,
            total: self.total,
            authorized: self.authorized,
            captured: self.captured,
            refunded: self.refunded,
            disputed: self.disputed,
        }
    }
}
