//! How one operation stands: the word that outranks all others, and the little that must be kept beside it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::range::Range;
use super::{ADMIN, Told, amount, exact};
use crate::domain::{Currency, Fact, Mode, Money, Operation, Outcome, Trust, first_at};

/// One statement with what ranks it. The order of the fields is the rule of precedence (DOMAIN.md, section 2); those
/// after the key only keep the order total.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::domain) struct Word {
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(in crate::domain) first: i64,
    pub(in crate::domain) outcome: Outcome,
    pub(in crate::domain) trust: Trust,
    /// No amount ranks below any; currencies rank by their letters, before the number.
    #[serde(default, with = "amount::optional", skip_serializing_if = "Option::is_none")]
    pub(in crate::domain) amount: Option<Money>,
    pub(in crate::domain) key: String,
    pub(in crate::domain) mode: Mode,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::domain) partial: bool,
    pub(in crate::domain) book: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::domain) reason: Option<String>,
}

/// Everything kept about one operation; its size does not grow with the number of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::domain) struct Standing {
    pub(in crate::domain) word: Word,
    /// The alphabetically first that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    /// The greatest cumulative amount that counts, per currency.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    cumulative: BTreeMap<Currency, i64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    deltas: BTreeMap<Outcome, Range>,
    /// When the latest word about it was spoken: microseconds, capped at 2^53 − 1.
    pub(in crate::domain) seen: i64,
}

impl Standing {
    pub(super) fn of(told: &Told<'_>, fact: &Fact) -> Self {
        let mut standing = Self {
            word: Word {
                first: exact(fact.first),
                outcome: fact.outcome,
                trust: told.trust,
                amount: fact.amount,
                key: told.dedup_key.to_owned(),
                mode: fact.mode,
                partial: fact.partial,
                book: fact.book.clone(),
                reason: fact.reason.clone(),
            },
            group: fact.group.clone(),
            cumulative: BTreeMap::new(),
            deltas: BTreeMap::new(),
            seen: first_at(told.occurred_at),
        };
        match (fact.amount, fact.mode) {
            (Some(money), Mode::Cumulative) if counting(fact.op).contains(&fact.outcome) => {
                standing.cumulative.insert(money.currency(), money.minor());
            }
            // A correction contradicts by intent: it takes the word, and is no conflict.
            (Some(money), Mode::Delta) if told.source != ADMIN => {
                standing.deltas.insert(fact.outcome, Range::of(money));
            }
            (Some(_) | None, Mode::Cumulative | Mode::Delta) => {}
        }
        standing
    }

    /// Returns whether anything was learnt that an order's meaning could depend on.
    pub(super) fn join(&mut self, other: Self) -> bool {
        self.seen = self.seen.max(other.seen);
        let mut learnt = self.join_word(other.word);
        if let Some(told) = other.group
            && self.group.as_ref().is_none_or(|known| told < *known)
        {
            self.group = Some(told);
            learnt = true;
        }
        for (currency, told) in other.cumulative {
            let known = self.cumulative.entry(currency).or_insert(i64::MIN);
            learnt |= told > *known;
            *known = told.max(*known);
        }
        for (outcome, told) in other.deltas {
            learnt |= match self.deltas.get_mut(&outcome) {
                Some(known) => known.join(told),
                None => {
                    self.deltas.insert(outcome, told);
                    true
                }
            };
        }
        learnt
    }

    fn join_word(&mut self, mut told: Word) -> bool {
        if told <= self.word {
            return false;
        }
        std::mem::swap(&mut self.word, &mut told);
        // Both sides now differ at least in the key, which alone means nothing.
        told.key.clone_from(&self.word.key);
        told != self.word
    }

    /// The payment that it belongs to, where one was told.
    pub(in crate::domain) fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    pub(in crate::domain) fn deltas(&self) -> impl Iterator<Item = (Outcome, Range)> {
        self.deltas
            .iter()
            .map(|(outcome, range)| (*outcome, *range))
    }

    /// Whether two amounts were told of one thing.
    pub(in crate::domain) fn is_contradicted(&self) -> bool {
        self.deltas.values().any(|range| range.is_contradiction())
    }

    pub(in crate::domain) fn cumulatives(&self) -> impl Iterator<Item = (Currency, i64)> {
        self.cumulative
            .iter()
            .map(|(currency, minor)| (*currency, *minor))
    }

    /// What the operation alone moved: the word's own delta, else the greatest that was told with one of `outcomes`.
    pub(in crate::domain) fn delta(&self, outcomes: &[Outcome]) -> Option<Money> {
        match (self.word.amount, self.word.mode) {
            (Some(money), Mode::Delta) => Some(money),
            (Some(_) | None, Mode::Delta | Mode::Cumulative) => self
                .deltas()
                .filter(|(outcome, _)| outcomes.contains(outcome))
                .map(|(_, range)| range.greatest())
                .max(),
        }
    }
}

/// The outcomes by which money has moved: a dispute moves it when it opens, everything else when it succeeds.
pub(in crate::domain) fn counting(operation: Operation) -> &'static [Outcome] {
    if operation == Operation::Dispute {
        &[Outcome::Pending, Outcome::Lost]
    } else {
        &[Outcome::Succeeded]
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}
