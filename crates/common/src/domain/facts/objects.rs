//! What snapshots say: each field of each object is a register of its own, won by precedence.

use serde::{Deserialize, Serialize};

use super::{Told, amount, exact};
use crate::domain::{Fulfilment, Lifecycle, Money, Payment, Snapshot, Trust, first_at};

/// A field's value with what ranks it: by first, then rank of the value, then trust. Of money by first, then trust,
/// then amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::domain) struct Register<V> {
    pub(in crate::domain) first: i64,
    pub(in crate::domain) trust: Trust,
    pub(in crate::domain) value: V,
}

/// One object's registers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::domain) struct Object {
    /// The alphabetically first that was told; a source keeps its book, so there is one.
    pub(in crate::domain) book: String,
    /// When the latest snapshot was taken: microseconds, capped at 2^53 − 1.
    pub(in crate::domain) seen: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::domain) lifecycle: Option<Register<Lifecycle>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::domain) payment: Option<Register<Payment>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::domain) fulfilment: Option<Register<Fulfilment>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::domain) total: Option<Register<Money>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::domain) captured: Option<Register<Money>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::domain) refunded: Option<Register<Money>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::domain) deleted: Option<Register<bool>>,
}

impl Object {
    pub(super) fn of(told: &Told<'_>, snapshot: &Snapshot) -> Self {
        let (first, trust) = (exact(snapshot.first), told.trust);
        Self {
            book: snapshot.book.clone(),
            seen: first_at(told.occurred_at),
            lifecycle: register(first, trust, snapshot.lifecycle),
            payment: register(first, trust, snapshot.payment),
            fulfilment: register(first, trust, snapshot.fulfilment),
            total: register(first, trust, snapshot.total),
            captured: register(first, trust, snapshot.captured),
            refunded: register(first, trust, snapshot.refunded),
            deleted: register(first, trust, snapshot.deleted),
        }
    }

    /// Returns whether a register changed.
    pub(super) fn join(&mut self, other: Self) -> bool {
        self.seen = self.seen.max(other.seen);
        let rebooked = other.book < self.book;
        if rebooked {
            self.book = other.book;
        }
        rebooked
            | keep(&mut self.lifecycle, other.lifecycle, by_value)
            | keep(&mut self.payment, other.payment, by_value)
            | keep(&mut self.fulfilment, other.fulfilment, by_value)
            | keep(&mut self.deleted, other.deleted, by_value)
            | keep(&mut self.total, other.total, by_trust)
            | keep(&mut self.captured, other.captured, by_trust)
            | keep(&mut self.refunded, other.refunded, by_trust)
    }

    pub(in crate::domain) fn amounts(&self) -> impl Iterator<Item = Money> {
        [self.total, self.captured, self.refunded]
            .into_iter()
            .flatten()
            .map(|register| register.value)
    }

    pub(in crate::domain) fn trusts(&self) -> impl Iterator<Item = Trust> {
        [
            self.lifecycle.map(|register| register.trust),
            self.payment.map(|register| register.trust),
            self.fulfilment.map(|register| register.trust),
            self.deleted.map(|register| register.trust),
            self.total.map(|register| register.trust),
            self.captured.map(|register| register.trust),
            self.refunded.map(|register| register.trust),
        ]
        .into_iter()
        .flatten()
    }

    /// Each register by the name of its field, its value as text.
    pub(in crate::domain) fn registers(
        &self,
    ) -> impl Iterator<Item = (&'static str, Register<String>)> {
        [
            ("lifecycle", written(self.lifecycle, Lifecycle::to_string)),
            ("payment", written(self.payment, Payment::to_string)),
            ("fulfilment", written(self.fulfilment, Fulfilment::to_string)),
            ("deleted", written(self.deleted, bool::to_string)),
            ("total", written(self.total, amount::written)),
            ("captured", written(self.captured, amount::written)),
            ("refunded", written(self.refunded, amount::written)),
        ]
        .into_iter()
        .filter_map(|(field, register)| register.map(|register| (field, register)))
    }
}

fn written<V>(
    register: Option<Register<V>>,
    text: impl Fn(&V) -> String,
) -> Option<Register<String>> {
    let write = |Register { first, trust, value }| Register { first, trust, value: text(&value) };
    register.map(write)
}

fn register<V>(first: i64, trust: Trust, value: Option<V>) -> Option<Register<V>> {
    value.map(|value| Register { first, trust, value })
}

fn by_value<V: Ord + Copy>(register: &Register<V>) -> (i64, V, Trust) {
    (register.first, register.value, register.trust)
}

/// Amounts have no rank; the greater one only breaks ties.
fn by_trust(register: &Register<Money>) -> (i64, Trust, Money) {
    (register.first, register.trust, register.value)
}

fn keep<V: Copy, K: Ord>(
    known: &mut Option<Register<V>>,
    told: Option<Register<V>>,
    precedence: impl Fn(&Register<V>) -> K,
) -> bool {
    let outranks = told.as_ref().map(&precedence) > known.as_ref().map(&precedence);
    if outranks {
        *known = told;
    }
    outranks
}
