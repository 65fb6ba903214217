//! What people should look at.

use std::collections::BTreeMap;

use super::Found;
use super::causes::is_weak;
use super::tally::Tally;
use crate::domain::{Currency, Facts, Flag, Lifecycle, Money};

/// What any operation or register may raise.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looked {
    /// Two amounts of one thing, or two events under one key.
    contradicted: bool,
    /// Money in another currency is kept: of any word that stands, any cumulative amount, any register.
    mixed: bool,
    /// Whoever could be anyone decides something.
    untrusted: bool,
}

impl Looked {
    pub(super) fn over(facts: &Facts, tally: &Tally, currency: Option<Currency>) -> Self {
        let is_other = |told| currency.is_some_and(|ours| ours != told);
        let mut looked = Self {
            contradicted: !facts.conflicts.is_empty() || tally.contradicted > 0,
            mixed: tally.told().any(|(.., told)| is_other(told)),
            untrusted: tally.untrusted > 0,
        };
        for object in facts.objects.values() {
            looked.untrusted |= object.trusts().any(is_weak);
            looked.mixed |= object.amounts().map(Money::currency).any(is_other);
        }
        looked
    }
}

impl Found<'_> {
    /// Sorted by name, because the variants are declared so.
    pub(super) fn flags(&self) -> Vec<Flag> {
        let all = Flag::ALL.iter().copied();
        all.filter(|flag| self.is_raised(*flag) && !self.is_acknowledged(*flag))
            .collect()
    }

    /// Whether anything is a cause of it.
    pub(super) fn is_raised(&self, flag: Flag) -> bool {
        let kept = self.sums.captured.saturating_sub(self.sums.refunded);
        let cancelled = matches!(self.lifecycle, Lifecycle::Cancelled | Lifecycle::Deleted);
        match flag {
            Flag::Conflict => self.looked.contradicted,
            Flag::CurrencyMismatch => self.looked.mixed,
            Flag::NeedsFetch => needs_fetch(self.facts),
            Flag::Overpaid => self.total.is_some_and(|total| kept > total),
            Flag::PaidAfterCancel => cancelled && kept > 0,
            Flag::Untrusted => self.looked.untrusted,
        }
    }

    /// Whether an operator has seen all of it.
    fn is_acknowledged(&self, flag: Flag) -> bool {
        // Causes are spelled only where somebody acknowledged one: this is asked after every event.
        let seen = self.facts.acknowledged.get(&flag);
        seen.is_some_and(|seen| self.causes(flag).is_subset(seen))
    }
}

/// A hint newer than anything else about its object: its snapshot, and the operations of that name, in that group or
/// with `<object>#…` as reference.
fn needs_fetch(facts: &Facts) -> bool {
    facts.unanswered().next().is_some()
}

impl Facts {
    /// Objects that a hint is newer about than anything else, and the hint's time in microseconds.
    pub fn unanswered(&self) -> impl Iterator<Item = (&str, i64)> {
        let heard = self.heard();
        let hints = self.hints.iter();
        hints
            .map(|(object, at)| (object.as_str(), *at))
            .filter(move |(object, at)| heard.get(object).is_none_or(|seen| seen < at))
    }

    /// When the latest word was spoken about each object that a hint names. Operations are looked through once, however
    /// many hints there are.
    fn heard(&self) -> BTreeMap<&str, i64> {
        let mut heard = BTreeMap::new();
        let mut hear = |(name, seen): (&str, i64)| {
            if let Some((object, _)) = self.hints.get_key_value(name) {
                let latest = heard.entry(object.as_str()).or_insert(seen);
                *latest = seen.max(*latest);
            }
        };
        if !self.hints.is_empty() {
            let objects = self.objects.iter();
            objects
                .map(|(name, known)| (name.as_str(), known.seen))
                .for_each(&mut hear);
            self.each()
                .flat_map(|(_, op_ref, standing)| {
                    let names = names(op_ref).chain(standing.group());
                    names.map(|name| (name, standing.seen))
                })
                .for_each(hear);
        }
        heard
    }
}

/// What an operation of this reference is about: itself, and `<object>` of `<object>#…`.
fn names(op_ref: &str) -> impl Iterator<Item = &str> {
    let marks = op_ref.match_indices('#').map(|(at, _)| at);
    marks.chain([op_ref.len()]).map(|end| &op_ref[..end])
}
