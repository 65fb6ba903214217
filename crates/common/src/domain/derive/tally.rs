//! An order's operations, counted: all that the rules ask of them, in so many sums that an operation more or less changes
//! a few and leaves the others as they are.
//!
//! The rules are read from this and from what else is in the facts, never from what they said before. A tally is a count of
//! what is there and of nothing else: [`Tally::of`] counts all operations, and [`Tally::change`] counts one in or out, by the
//! same lines. So a tally that followed a thousand events equals one that is made anew, and an order with a thousand
//! operations learns one more as quickly as an order with ten.

use std::collections::BTreeMap;

use super::book::Book;
use super::causes::is_weak;
use super::currency::{OF_MONEY, told};
use super::multiset::Multiset;
use crate::domain::facts::Standing;
use crate::domain::{Currency, Facts, Money, Operation, Outcome};

pub(in crate::domain) use super::multiset::Way;

/// An operation with its reference, and how it stands.
pub(in crate::domain) type Counted<'a> = (Operation, &'a str, &'a Standing);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::domain) struct Tally {
    /// How the operations stand.
    outcomes: Multiset<(Operation, Outcome)>,
    /// In which currencies those were told that move money.
    told: Multiset<(Operation, Outcome, Currency)>,
    /// Amounts of succeeded places.
    placed: Multiset<Money>,
    books: BTreeMap<String, Book>,
    /// Succeeded captures that their senders do not call a part.
    pub(super) captured_whole: usize,
    /// Succeeded captures of which no amount is told.
    pub(super) captured_unknown: usize,
    /// Succeeded expiries with a group: they end that payment, not the order.
    pub(super) payments_expired: usize,
    pub(super) orders_expired: usize,
    /// Operations of which two amounts were told.
    pub(super) contradicted: usize,
    /// Operations whose word could be anyone's.
    pub(super) untrusted: usize,
}

impl Tally {
    /// Counts all of them.
    pub(in crate::domain) fn of(facts: &Facts) -> Self {
        let mut tally = Self::default();
        for counted in facts.each() {
            tally.change(Way::Comes, counted);
        }
        tally
    }

    /// Counts one operation as it stands, or takes it out of the count as it stood.
    pub(in crate::domain) fn change(&mut self, way: Way, counted: Counted<'_>) {
        let (operation, _, standing) = counted;
        let outcome = standing.word.outcome;
        self.outcomes.change(way, (operation, outcome));
        if OF_MONEY.contains(&operation) {
            for currency in told(operation, standing) {
                self.told.change(way, (operation, outcome, currency));
            }
        }
        let word = &standing.word;
        let succeeded = |asked| operation == asked && outcome == Outcome::Succeeded;
        if let Some(amount) = word.amount.filter(|_| succeeded(Operation::Place)) {
            self.placed.change(way, amount);
        }
        let grouped = standing.group().is_some();
        let captured = succeeded(Operation::Capture);
        let expired = succeeded(Operation::Expire);
        for (holds, count) in [
            (captured && !word.partial, &mut self.captured_whole),
            (captured && word.amount.is_none(), &mut self.captured_unknown),
            (expired && grouped, &mut self.payments_expired),
            (expired && !grouped, &mut self.orders_expired),
            (standing.is_contradicted(), &mut self.contradicted),
            (is_weak(word.trust), &mut self.untrusted),
        ] {
            if holds {
                way.step(count);
            }
        }
        self.change_book(way, counted);
    }

    fn change_book(&mut self, way: Way, counted: Counted<'_>) {
        let (_, _, standing) = counted;
        let name = &standing.word.book;
        let book = match self.books.get_mut(name) {
            Some(known) => known,
            None => self.books.entry(name.clone()).or_default(),
        };
        book.change(way, counted);
        if book.is_empty() {
            self.books.remove(name);
        }
    }

    pub(super) fn has(&self, operation: Operation, outcome: Outcome) -> bool {
        self.outcomes.has(&(operation, outcome))
    }

    /// The ways in which operations of one kind stand.
    pub(super) fn outcomes_of(&self, operation: Operation) -> impl Iterator<Item = Outcome> {
        let counted = self.outcomes.each();
        counted
            .filter(move |(counted, _)| *counted == operation)
            .map(|(_, outcome)| *outcome)
    }

    /// In which currencies money was told, by what kind of operation and how that stands.
    pub(super) fn told(&self) -> impl Iterator<Item = (Operation, Outcome, Currency)> {
        self.told.each().copied()
    }

    /// The greatest amount of a succeeded place.
    pub(super) fn placed(&self, currency: Currency) -> Option<Money> {
        let mut falling = self.placed.each().rev().copied();
        falling.find(|amount| amount.currency() == currency)
    }

    pub(super) fn books(&self) -> impl Iterator<Item = (&str, &Book)> {
        self.books.iter().map(|(name, book)| (name.as_str(), book))
    }
}
