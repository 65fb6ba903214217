//! Events written short, for the tests of the domain.

use super::{
    CanonicalEvent, Currency, Effect, Fact, Facts, Hint, Mode, Money, OccurredAt, Operation,
    Origin, Outcome, Precision, Reference, Snapshot, Timestamp, Told, Trust,
};
use uuid::Uuid;

/// 2026-01-01T00:00:00Z, when the samples' orders begin.
const EPOCH_SECONDS: i64 = 1_767_225_600;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(EPOCH_SECONDS + seconds).unwrap()
}

pub(crate) fn usd(minor: i64) -> Money {
    money(minor, "USD")
}

pub(crate) fn money(minor: i64, code: &str) -> Money {
    Money::from_minor(minor, Currency::parse(code).unwrap()).unwrap()
}

/// A fact of the payment book without amount and group, whose outcome's rank alone decides.
pub(crate) fn fact(op: Operation, op_ref: &str, outcome: Outcome) -> Fact {
    Fact {
        book: "payments".into(),
        op,
        op_ref: op_ref.into(),
        group: None,
        outcome,
        amount: None,
        mode: Mode::Delta,
        partial: false,
        first: 0,
        reason: None,
    }
}

impl Fact {
    pub(crate) fn usd(self, minor: i64) -> Self {
        self.amount(usd(minor))
    }

    pub(crate) fn amount(self, amount: Money) -> Self {
        Self { amount: Some(amount), ..self }
    }

    pub(crate) fn cumulative(self, minor: i64) -> Self {
        Self { mode: Mode::Cumulative, ..self.usd(minor) }
    }

    pub(crate) fn group(self, group: &str) -> Self {
        Self { group: Some(group.into()), ..self }
    }

    pub(crate) fn book(self, book: &str) -> Self {
        Self { book: book.into(), ..self }
    }

    pub(crate) fn first(self, seconds: i64) -> Self {
        Self { first: super::first_at(at(seconds)), ..self }
    }

    pub(crate) fn partial(self) -> Self {
        Self { partial: true, ..self }
    }
}

pub(crate) fn snapshot(object: &str, seconds: i64) -> Snapshot {
    Snapshot {
        object: object.into(),
        book: object.into(),
        first: super::first_at(at(seconds)),
        lifecycle: None,
        payment: None,
        fulfilment: None,
        total: None,
        captured: None,
        refunded: None,
        deleted: None,
    }
}

pub(crate) fn hint(object: &str, seconds: i64) -> Effect {
    Effect::Hint { hint: Hint { object: object.into(), at: at(seconds) } }
}

/// One event of source `stripe` about the merchant's order `A`.
pub(crate) fn event(key: &str, seconds: i64, effect: impl Into<Effect>) -> CanonicalEvent {
    CanonicalEvent {
        webhook_id: Uuid::from_u128(7),
        source: "stripe".into(),
        provider: "stripe".into(),
        account: None,
        dedup_key: key.into(),
        body_sha256: [7; 32],
        native_type: "sample".into(),
        occurred_at: OccurredAt { at: at(seconds), precision: Precision::S, origin: Origin::Event },
        trust: Trust::Full,
        order_refs: vec![Reference::order("A")],
        effect: effect.into(),
    }
}

impl CanonicalEvent {
    pub(crate) fn sent_by(self, source: &str) -> Self {
        Self { source: source.into(), ..self }
    }

    pub(crate) fn trust(self, trust: Trust) -> Self {
        Self { trust, ..self }
    }
}

impl<const N: usize> From<[Fact; N]> for Effect {
    fn from(facts: [Fact; N]) -> Self {
        Self::Facts { facts: facts.into() }
    }
}

impl From<Fact> for Effect {
    fn from(fact: Fact) -> Self {
        [fact].into()
    }
}

impl From<Snapshot> for Effect {
    fn from(snapshot: Snapshot) -> Self {
        Self::Snapshot { snapshot, facts: vec![] }
    }
}

/// The join of events in this order.
pub(crate) fn fold<'a>(events: impl IntoIterator<Item = &'a CanonicalEvent>) -> Facts {
    let mut facts = Facts::default();
    for event in events {
        facts.join(Facts::of(&Told::from(event)));
    }
    facts
}

/// What both know.
pub(crate) fn joined(mut left: Facts, right: &Facts) -> Facts {
    left.join(right.clone());
    left
}

/// Every order of the items.
pub(crate) fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let Some((last, rest)) = items.split_last() else { return vec![vec![]] };
    let mut all = Vec::new();
    for shorter in permutations(rest) {
        for place in 0..=shorter.len() {
            let mut longer = shorter.clone();
            longer.insert(place, last.clone());
            all.push(longer);
        }
    }
    all
}

/// Every order of the items, and each of those with one item repeated once at every later place.
pub(crate) fn deliveries<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let mut all = Vec::new();
    for order in permutations(items) {
        for repeated in 0..order.len() {
            for place in repeated + 1..=order.len() {
                let mut delivery = order.clone();
                delivery.insert(place, order[repeated].clone());
                all.push(delivery);
            }
        }
        all.push(order);
    }
    all
}
