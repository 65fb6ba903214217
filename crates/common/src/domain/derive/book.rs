//! What one book tells of its payments: their sums, those under way, and which of them were ended.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use super::multiset::{Multiset, Way};
use super::tally::Counted;
use crate::domain::facts::{Standing, counting};
use crate::domain::{Currency, Money, Operation, Outcome};

/// A kind of operation in one currency.
type Kind = (Operation, Currency);

/// What is nothing is not kept, so that the same operations make the same book, whatever came and went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Book {
    groups: HashMap<String, Group, RandomState>,
    /// Of all groups together, ended or not.
    sums: BTreeMap<Kind, Sum>,
    open: Open,
    /// Groups that succeeded voids and expiries name.
    ended: Multiset<String>,
    /// Succeeded voids and expiries that name none: they end the whole book.
    ended_whole: usize,
}

/// A payment, or an operation alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Group {
    /// Sorted; one or two as a rule.
    moved: Vec<(Kind, Moved)>,
    open: Open,
}

/// What a group moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Moved {
    deltas: i128,
    cumulative: Multiset<i64>,
    /// Of refunds: what is known to have failed, which a cumulative amount still contains.
    failed: i128,
}

/// What groups moved together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) moved: i128,
    pub(super) failed: i128,
}

/// How many authorisations and captures may still come to something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) authorized: usize,
    pub(super) pending: usize,
    pub(super) requested: usize,
}

/// What an operation adds to a sum.
#[derive(Clone, Copy)]
enum Amount {
    Delta(Money),
    Cumulative(Currency, i64),
    Failed(Money),
}

impl Book {
    pub(super) fn change(&mut self, way: Way, (operation, op_ref, standing): Counted<'_>) {
        let outcome = standing.word.outcome;
        let ends = matches!(operation, Operation::Void | Operation::Expire);
        if ends && outcome == Outcome::Succeeded {
            match standing.group() {
                Some(group) => self.ended.change(way, group.to_owned()),
                None => way.step(&mut self.ended_whole),
            }
        }
        // An operation without a group is its own, beside others that name it as theirs.
        let group = standing.group().unwrap_or(op_ref);
        if let Some(count) = self.open.of(operation, outcome) {
            way.step(count);
            let own = self.group(group).open.of(operation, outcome);
            way.step(own.expect("what is open in the book is so in the group"));
        }
        for amount in amounts(operation, standing) {
            self.add(way, group, (operation, amount));
        }
        if self.groups.get(group).is_some_and(Group::is_empty) {
            self.groups.remove(group);
        }
    }

    fn add(&mut self, way: Way, group: &str, (operation, amount): (Operation, Amount)) {
        let kind = (operation, amount.currency());
        let (before, after) = self.group(group).add(way, (kind, amount));
        let sum = self.sums.entry(kind).or_default();
        sum.moved += after.moved - before.moved;
        sum.failed += after.failed - before.failed;
        if *sum == Sum::default() {
            self.sums.remove(&kind);
        }
    }

    fn group(&mut self, name: &str) -> &mut Group {
        if !self.groups.contains_key(name) {
            self.groups.insert(name.to_owned(), Group::default());
        }
        self.groups.get_mut(name).expect("it is there by now")
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
            && self.ended_whole == 0
            && self.ended.is_empty()
            && self.sums.is_empty()
            && self.open == Open::default()
    }

    /// What all groups moved.
    pub(super) fn sum(&self, kind: Kind) -> Sum {
        self.sums.get(&kind).copied().unwrap_or_default()
    }

    /// What those moved that were not ended.
    pub(super) fn living_sum(&self, kind: Kind) -> i128 {
        if self.ended_whole > 0 {
            return 0;
        }
        let ended = self.ended_groups().map(|group| group.sum(kind).moved);
        self.sum(kind).moved - ended.sum::<i128>()
    }

    /// What is under way and was not ended.
    pub(super) fn living_open(&self) -> Open {
        if self.ended_whole > 0 {
            return Open::default();
        }
        self.ended_groups()
            .fold(self.open, |open, ended| open.without(ended.open))
    }

    fn ended_groups(&self) -> impl Iterator<Item = &Group> {
        self.ended.each().filter_map(|name| self.groups.get(name))
    }
}

impl Group {
    /// Returns what it had moved before, and what it has now.
    fn add(&mut self, way: Way, (kind, amount): (Kind, Amount)) -> (Sum, Sum) {
        let found = self.moved.binary_search_by_key(&kind, |(kind, _)| *kind);
        let place = found.unwrap_or_else(|place| {
            self.moved.insert(place, (kind, Moved::default()));
            place
        });
        let (_, moved) = &mut self.moved[place];
        let before = moved.sum();
        moved.add(way, amount);
        let after = moved.sum();
        if *moved == Moved::default() {
            self.moved.remove(place);
        }
        (before, after)
    }

    fn sum(&self, asked: Kind) -> Sum {
        let mut moved = self.moved.iter();
        moved
            .find(|(kind, _)| *kind == asked)
            .map_or(Sum::default(), |(_, moved)| moved.sum())
    }

    fn is_empty(&self) -> bool {
        self.open == Open::default() && self.moved.is_empty()
    }
}

impl Moved {
    fn add(&mut self, way: Way, amount: Amount) {
        match amount {
            Amount::Delta(money) => way.sum(&mut self.deltas, money.minor()),
            Amount::Cumulative(_, minor) => self.cumulative.change(way, minor),
            Amount::Failed(money) => way.sum(&mut self.failed, money.minor()),
        }
    }

    fn sum(&self) -> Sum {
        let greatest = self.cumulative.each().next_back();
        let cumulative = greatest.map_or(0, |minor| i128::from(*minor).max(0));
        let moved = self.deltas.max(cumulative - self.failed).max(0);
        Sum { moved, failed: self.failed }
    }
}

impl Open {
    fn of(&mut self, operation: Operation, outcome: Outcome) -> Option<&mut usize> {
        match (operation, outcome) {
            (Operation::Authorize, Outcome::Succeeded) => Some(&mut self.authorized),
            (Operation::Authorize | Operation::Capture, Outcome::Pending) => {
                Some(&mut self.pending)
            }
            (Operation::Authorize | Operation::Capture, Outcome::Requested) => {
                Some(&mut self.requested)
            }
            _ => None,
        }
    }

    fn without(self, other: Self) -> Self {
        Self {
            authorized: self.authorized - other.authorized,
            pending: self.pending - other.pending,
            requested: self.requested - other.requested,
        }
    }
}

impl Amount {
    fn currency(self) -> Currency {
        match self {
            Self::Delta(money) | Self::Failed(money) => money.currency(),
            Self::Cumulative(currency, _) => currency,
        }
    }
}

/// What an operation adds while its outcome counts, and what a refund takes back that failed.
fn amounts(operation: Operation, standing: &Standing) -> impl Iterator<Item = Amount> {
    let is_summed = matches!(
        operation,
        Operation::Authorize | Operation::Capture | Operation::Refund | Operation::Dispute
    );
    let outcome = standing.word.outcome;
    let counting = counting(operation);
    let counts = is_summed && counting.contains(&outcome);
    let failed = operation == Operation::Refund && outcome == Outcome::Failed;
    let delta = counts.then(|| standing.delta(counting)).flatten();
    let cumulatives = counts.then(|| standing.cumulatives()).into_iter().flatten();
    let failed = failed.then(|| standing.delta(Outcome::ALL)).flatten();
    delta
        .map(Amount::Delta)
        .into_iter()
        .chain(cumulatives.map(|(currency, minor)| Amount::Cumulative(currency, minor)))
        .chain(failed.map(Amount::Failed))
}
