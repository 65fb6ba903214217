//! From facts to state: every rule of DOMAIN.md, section 3. Total: any facts give a state, nothing overflows, nothing
//! depends on the order of arrival. The rules are read from the whole set each time, never remembered; only that operations
//! are counted ([`tally`]) is not done anew with each event.

mod axes;
mod book;
mod causes;
mod currency;
mod ended;
mod flags;
mod headline;
mod money;
mod multiset;
mod payment;
pub(super) mod tally;

use std::collections::BTreeSet;

use self::flags::Looked;
use self::money::Sums;
use self::tally::Tally;
use super::{Currency, Facts, Flag, INTEGER_MAX, Lifecycle, OrderState, Status};

/// The book of all payment providers and native sources together.
const PAYMENTS: &str = "payments";

/// What flags are read from: the facts, and what was found in them.
struct Found<'a> {
    facts: &'a Facts,
    currency: Option<Currency>,
    total: Option<i64>,
    sums: Sums,
    lifecycle: Lifecycle,
    looked: Looked,
}

impl<'a> Found<'a> {
    fn in_facts(facts: &'a Facts, tally: &Tally) -> Self {
        let currency = currency::of_order(facts, tally);
        let total = currency.and_then(|currency| money::total(facts, tally, currency));
        let sums = money::sums(facts, tally, currency, total);
        Self {
            facts,
            currency,
            total,
            sums,
            lifecycle: axes::lifecycle(facts, tally),
            looked: Looked::over(facts, tally, currency),
        }
    }
}

/// Everything that raises a flag, acknowledged or not.
pub(super) fn causes(facts: &Facts, flag: Flag) -> BTreeSet<String> {
    Found::in_facts(facts, &Tally::of(facts)).causes(flag)
}

/// `tally` is that of these facts.
pub(super) fn state(facts: &Facts, tally: &Tally) -> OrderState {
    let found = Found::in_facts(facts, tally);
    let Found { currency, total, sums, lifecycle, .. } = found;
    let payment = payment::of(facts, tally, total, &sums);
    let dispute = axes::dispute(tally);
    let voided_by = ended::payment_voided_by(tally);
    OrderState {
        status: headline::of(payment, lifecycle, dispute, voided_by),
        payment,
        fulfilment: axes::fulfilment(facts, tally),
        dispute,
        lifecycle,
        currency,
        total,
        authorized: sums.authorized,
        captured: sums.captured,
        refunded: sums.refunded,
        disputed: sums.disputed,
        flags: found.flags(),
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
