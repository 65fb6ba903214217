//! Which payments a void or an expiry has ended.

use std::collections::BTreeSet;

use crate::domain::facts::Standing;
use crate::domain::{Facts, Operation, Outcome};

/// What ended a payment that came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VoidedBy {
    Void,
    Expiry,
}

/// The groups that succeeded voids and expiries name, each within the book that tells it. Without a group it is the
/// whole book.
pub(super) struct Ended<'a> {
    groups: BTreeSet<(&'a str, &'a str)>,
    books: BTreeSet<&'a str>,
    voided: bool,
    payment_expired: bool,
}

impl<'a> Ended<'a> {
    pub(super) fn of(facts: &'a Facts) -> Self {
        let mut ended = Self {
            groups: BTreeSet::new(),
            books: BTreeSet::new(),
            voided: false,
            payment_expired: false,
        };
        for operation in [Operation::Void, Operation::Expire] {
            for (_, standing) in facts.of_operation(operation) {
                if standing.word.outcome == Outcome::Succeeded {
                    ended.note(operation, standing);
                }
            }
        }
        ended
    }

    fn note(&mut self, operation: Operation, standing: &'a Standing) {
        let book = standing.word.book.as_str();
        match standing.group() {
            Some(group) => {
                self.groups.insert((book, group));
            }
            None => {
                self.books.insert(book);
            }
        }
        self.voided |= operation == Operation::Void;
        // An expiry without a group is the order's own: it is the lifecycle that tells it.
        self.payment_expired |= operation == Operation::Expire && standing.group().is_some();
    }

    pub(super) fn includes(&self, op_ref: &str, standing: &Standing) -> bool {
        let book = standing.word.book.as_str();
        let group = standing.group().unwrap_or(op_ref);
        self.books.contains(book) || self.groups.contains(&(book, group))
    }

    /// A void outweighs: `Expiry` is by expiry alone.
    pub(super) fn payment_voided_by(&self) -> Option<VoidedBy> {
        match (self.voided, self.payment_expired) {
            (true, _) => Some(VoidedBy::Void),
            (false, true) => Some(VoidedBy::Expiry),
            (false, false) => None,
        }
    }
}
