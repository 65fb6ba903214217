//! The order's sums. Payment providers see parts, whose sums add up; shops see the whole and retell it. So each book
//! is summed by itself and the greatest counts, never the sum of books.

use std::collections::BTreeMap;

use super::ended::Ended;
use super::{PAYMENTS, capped};
use crate::domain::facts::{Register, Standing, counting};
use crate::domain::{Currency, Facts, Money, Operation, Outcome, Payment};

/// Minor units of the order's currency.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) authorized: i64,
    pub(super) captured: i64,
    pub(super) refunded: i64,
    pub(super) disputed: i64,
}

/// What one group of one book moved by one kind of operation.
#[derive(Clone, Copy, Debug, Default)]
struct Moved {
    deltas: i128,
    greatest_cumulative: i128,
    /// Of refunds: what is known to have failed, which a cumulative amount still contains.
    failed: i128,
}

impl Moved {
    fn add(&mut self, operation: Operation, standing: &Standing, currency: Currency) {
        let outcome = standing.word.outcome;
        let counting = counting(operation);
        if counting.contains(&outcome) {
            self.deltas += amount(standing.delta(counting), currency);
            let cumulative = standing.cumulatives().find(|(told, _)| *told == currency);
            let minor = i128::from(cumulative.map_or(0, |(_, minor)| minor));
            self.greatest_cumulative = self.greatest_cumulative.max(minor);
        } else if operation == Operation::Refund && outcome == Outcome::Failed {
            self.failed += amount(standing.delta(Outcome::ALL), currency);
        }
    }

    fn sum(self) -> i128 {
        self.deltas
            .max(self.greatest_cumulative - self.failed)
            .max(0)
    }
}

type Groups<'a> = BTreeMap<(&'a str, &'a str), Moved>;

/// From the merchant's side only: what was placed, and the totals of snapshots; the greatest of several.
pub(super) fn total(facts: &Facts, currency: Currency) -> Option<i64> {
    let placed = facts
        .of_operation(Operation::Place)
        .filter(|(_, standing)| standing.word.outcome == Outcome::Succeeded)
        .filter_map(|(_, standing)| standing.word.amount);
    let stated = facts
        .objects
        .values()
        .filter_map(|object| object.total.map(|total| total.value));
    placed
        .chain(stated)
        .filter(|money| money.currency() == currency)
        .map(Money::minor)
        .max()
}

pub(super) fn sums(
    facts: &Facts,
    currency: Option<Currency>,
    total: Option<i64>,
    ended: &Ended<'_>,
) -> Sums {
    let Some(currency) = currency else { return Sums::default() };
    let authorizations = moved(facts, Operation::Authorize, currency, |op_ref, standing| {
        !ended.includes(op_ref, standing)
    });
    let captures = moved(facts, Operation::Capture, currency, |_, _| true);
    let refunds = moved(facts, Operation::Refund, currency, |_, _| true);
    let disputes = moved(facts, Operation::Dispute, currency, |_, _| true);
    Sums {
        authorized: greatest_book(&authorizations),
        captured: captured(facts, &captures, currency, total),
        refunded: refunded(facts, &refunds, currency, total),
        disputed: greatest_book(&disputes),
    }
}

/// A shop's book is at least what its snapshot states or claims.
fn captured(facts: &Facts, captures: &Groups<'_>, currency: Currency, total: Option<i64>) -> i64 {
    let told = facts.objects.values().map(|object| {
        let claims = object
            .payment
            .is_some_and(|payment| claims_capture(payment.value));
        stated_or_claimed(object.captured, claims, currency, total)
    });
    by_book(captures)
        .into_values()
        .chain(told)
        .max()
        .map_or(0, |greatest| capped(greatest.max(0)))
}

/// Shops likewise, minus what the payment book knows to have failed: a shop that retells a refund does not hear of
/// its failure. A snapshot in the payment book retells as a shop's does.
fn refunded(facts: &Facts, refunds: &Groups<'_>, currency: Currency, total: Option<i64>) -> i64 {
    let failed: i128 = refunds
        .iter()
        .filter(|((book, _), _)| *book == PAYMENTS)
        .map(|(_, moved)| moved.failed)
        .sum();
    let told = facts.objects.values().map(|object| {
        let claims = object
            .payment
            .is_some_and(|payment| payment.value == Payment::Refunded);
        stated_or_claimed(object.refunded, claims, currency, total) - failed
    });
    by_book(refunds)
        .into_iter()
        .map(|(book, sum)| if book == PAYMENTS { sum } else { sum - failed })
        .chain(told)
        .max()
        .map_or(0, |greatest| capped(greatest.max(0)))
}

/// By these words everything was captured, whatever went back since.
fn claims_capture(word: Payment) -> bool {
    matches!(
        word,
        Payment::Paid | Payment::Overpaid | Payment::PartiallyRefunded | Payment::Refunded
    )
}

/// A word without an amount beside it claims the total; without a total it claims nothing.
fn stated_or_claimed(
    stated: Option<Register<Money>>,
    claims: bool,
    currency: Currency,
    total: Option<i64>,
) -> i128 {
    match stated {
        Some(stated) => amount(Some(stated.value), currency),
        None if claims => i128::from(total.unwrap_or(0)),
        None => 0,
    }
}

fn greatest_book(groups: &Groups<'_>) -> i64 {
    by_book(groups).into_values().max().map_or(0, capped)
}

fn by_book<'a>(groups: &Groups<'a>) -> BTreeMap<&'a str, i128> {
    let mut books = BTreeMap::new();
    for ((book, _), moved) in groups {
        *books.entry(*book).or_default() += moved.sum();
    }
    books
}

fn moved<'a>(
    facts: &'a Facts,
    operation: Operation,
    currency: Currency,
    counted: impl Fn(&str, &Standing) -> bool,
) -> Groups<'a> {
    let mut groups = Groups::new();
    for (op_ref, standing) in facts.of_operation(operation) {
        if counted(op_ref, standing) {
            let group = standing.group().unwrap_or(op_ref);
            groups
                .entry((standing.word.book.as_str(), group))
                .or_default()
                .add(operation, standing, currency);
        }
    }
    groups
}

/// Minor units where the money is in the order's currency. Other currencies are kept, never summed.
fn amount(money: Option<Money>, currency: Currency) -> i128 {
    money
        .filter(|money| money.currency() == currency)
        .map_or(0, |money| i128::from(money.minor()))
}
