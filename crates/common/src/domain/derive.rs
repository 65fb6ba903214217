//! From facts to state: every rule of DOMAIN.md, section 3. Total: any facts give a state, nothing overflows, nothing
//! depends on the order of arrival. The rules are read from the whole set each time, never remembered.

mod axes;
mod currency;
mod ended;
mod flags;
mod headline;
mod money;
mod payment;

use super::{Facts, INTEGER_MAX, OrderState, Status};

/// The book of all payment providers and native sources together.
const PAYMENTS: &str = "payments";

pub(super) fn state(facts: &Facts) -> OrderState {
    let currency = currency::of_order(facts);
    let total = currency.and_then(|currency| money::total(facts, currency));
    let ended = ended::Ended::of(facts);
    let sums = money::sums(facts, currency, total, &ended);
    let payment = payment::of(facts, total, &sums, &ended);
    let lifecycle = axes::lifecycle(facts);
    let dispute = axes::dispute(facts);
    let voided_by = ended.payment_voided_by();
    OrderState {
        status: headline::of(payment, lifecycle, dispute, voided_by),
        payment,
        fulfilment: axes::fulfilment(facts),
        dispute,
        lifecycle,
        currency,
        total,
        authorized: sums.authorized,
        captured: sums.captured,
        refunded: sums.refunded,
        disputed: sums.disputed,
        flags: flags::of(facts, currency, total, &sums, lifecycle),
    }
}

impl OrderState {
    /// What an order shows once it became part of another: no money, nothing to do.
    #[must_use]
    pub fn absorbed() -> Self {
        Self { status: Status::Absorbed, ..Facts::default().derive() }
    }
}

/// A sum, capped at what a column holds.
fn capped(sum: i128) -> i64 {
    let max = i128::from(INTEGER_MAX);
    i64::try_from(sum.clamp(-max, max)).expect("clamped to 53 bits")
}

#[cfg(test)]
mod tests;
