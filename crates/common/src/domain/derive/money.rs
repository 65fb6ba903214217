//! The order's sums. Payment providers see parts, whose sums add up; shops see the whole and retell it. So each book
//! is summed by itself and the greatest counts, never the sum of books.

use super::tally::Tally;
use super::{PAYMENTS, capped};
use crate::domain::facts::Register;
use crate::domain::{Currency, Facts, Money, Operation, Payment};

/// Minor units of the order's currency.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) authorized: i64,
    pub(super) captured: i64,
    pub(super) refunded: i64,
    pub(super) disputed: i64,
}

/// From the merchant's side only: what was placed, and the totals of snapshots; the greatest of several.
pub(super) fn total(facts: &Facts, tally: &Tally, currency: Currency) -> Option<i64> {
    let stated = facts
        .objects
        .values()
        .filter_map(|object| object.total.map(|total| total.value));
    tally
        .placed(currency)
        .into_iter()
        .chain(stated)
        .filter(|money| money.currency() == currency)
        .map(Money::minor)
        .max()
}

pub(super) fn sums(
    facts: &Facts,
    tally: &Tally,
    currency: Option<Currency>,
    total: Option<i64>,
) -> Sums {
    let Some(currency) = currency else { return Sums::default() };
    let authorized = tally
        .books()
        .map(|(_, book)| book.living_sum((Operation::Authorize, currency)));
    let disputed = tally
        .books()
        .map(|(_, book)| book.sum((Operation::Dispute, currency)).moved);
    Sums {
        authorized: greatest(authorized),
        captured: captured(facts, tally, currency, total),
        refunded: refunded(facts, tally, currency, total),
        disputed: greatest(disputed),
    }
}

/// A shop's book is at least what its snapshot states or claims.
fn captured(facts: &Facts, tally: &Tally, currency: Currency, total: Option<i64>) -> i64 {
    let told = facts.objects.values().map(|object| {
        let claims = object
            .payment
            .is_some_and(|payment| claims_capture(payment.value));
        stated_or_claimed(object.captured, claims, currency, total)
    });
    let books = tally.books();
    let moved = books.map(|(_, book)| book.sum((Operation::Capture, currency)).moved);
    greatest(moved.chain(told))
}

/// Shops likewise, minus what the payment book knows to have failed: a shop that retells a refund does not hear of
/// its failure. A snapshot in the payment book retells as a shop's does.
fn refunded(facts: &Facts, tally: &Tally, currency: Currency, total: Option<i64>) -> i64 {
    let kind = (Operation::Refund, currency);
    let payments = tally.books().find(|(book, _)| *book == PAYMENTS);
    let failed = payments.map_or(0, |(_, book)| book.sum(kind).failed);
    let told = facts.objects.values().map(|object| {
        let claims = object
            .payment
            .is_some_and(|payment| payment.value == Payment::Refunded);
        stated_or_claimed(object.refunded, claims, currency, total) - failed
    });
    let moved = tally
        .books()
        .map(|(book, told)| match told.sum(kind).moved {
            moved if book == PAYMENTS => moved,
            moved => moved - failed,
        });
    greatest(moved.chain(told))
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

/// Of several books; none moved less than nothing.
fn greatest(books: impl Iterator<Item = i128>) -> i64 {
    books.max().map_or(0, |greatest| capped(greatest.max(0)))
}

/// Minor units where the money is in the order's currency. Other currencies are kept, never summed.
fn amount(money: Option<Money>, currency: Currency) -> i128 {
    money
        .filter(|money| money.currency() == currency)
        .map_or(0, |money| i128::from(money.minor()))
}
