//! Lives of an order as providers really tell them: for `waybill send`, for demonstrations and for tests.

use waybill_common::domain::{Money, Status, Timestamp};

use crate::Message;

/// An order's life is told within this time, so that it is over now.
const LIFE_SECONDS: i64 = 600;

/// One life.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub about: &'static str,
    /// The headline in which the order ends, in whatever order the messages come.
    pub ends_in: Status,
    /// The unsigned messages, in the order in which they happened.
    pub messages: fn(&Order) -> Vec<Message>,
}

/// The order whose life is told.
#[derive(Clone, Debug)]
pub struct Order {
    /// The merchant's own id.
    pub id: String,
    /// Makes every other id unique; the same seed gives the same messages.
    pub seed: u64,
    pub total: Money,
    /// When the life is over.
    pub now: Timestamp,
    /// Live or test mode, where the provider tells them apart.
    pub live: bool,
    /// Whether even those events name the merchant's order that in reality only name its payment.
    pub named_throughout: bool,
}

impl Order {
    /// An id of that kind, such as `pi_00000000000000ff`.
    pub(crate) fn tagged(&self, kind: &str) -> String {
        format!("{kind}_{:016x}", self.seed)
    }

    /// The order's id with a provider that counts its orders: the merchant's own, where that is a number.
    pub(crate) fn number(&self) -> u64 {
        self.id.parse().unwrap_or(self.seed)
    }

    /// An amount of the order's currency without its name, such as `99.99`.
    pub(crate) fn digits(&self, minor: i64) -> String {
        let amount =
            Money::from_minor(minor, self.total.currency()).expect("no more than the total");
        let text = amount.to_string();
        text.split(' ').next().unwrap_or_default().to_owned()
    }

    /// The time so many seconds into the life.
    pub(crate) fn at(&self, second: i64) -> Timestamp {
        let micros = (second - LIFE_SECONDS).saturating_mul(1_000_000);
        Timestamp::from_micros_saturating(self.now.micros().saturating_add(micros))
    }

    /// A quarter of the total, rounded down, in minor units.
    pub(crate) fn quarter(&self) -> i64 {
        self.total.minor() / 4
    }
}
