//! What people should look at.

use super::currency;
use super::money::Sums;
use crate::domain::facts::Standing;
use crate::domain::{Currency, Facts, Flag, Lifecycle, Trust};

/// Sorted by name, because the variants are declared so.
pub(super) fn of(
    facts: &Facts,
    currency: Option<Currency>,
    total: Option<i64>,
    sums: &Sums,
    lifecycle: Lifecycle,
) -> Vec<Flag> {
    let kept = sums.captured.saturating_sub(sums.refunded);
    let cancelled = matches!(lifecycle, Lifecycle::Cancelled | Lifecycle::Deleted);
    Flag::ALL
        .iter()
        .copied()
        .filter(|flag| match flag {
            Flag::Conflict => is_contradicted(facts),
            Flag::CurrencyMismatch => currency::is_mixed(facts, currency),
            Flag::NeedsFetch => needs_fetch(facts),
            Flag::Overpaid => total.is_some_and(|total| kept > total),
            Flag::PaidAfterCancel => cancelled && kept > 0,
            Flag::Untrusted => is_untrusted(facts),
        })
        .collect()
}

fn is_contradicted(facts: &Facts) -> bool {
    !facts.conflicts.is_empty()
        || facts
            .each()
            .any(|(_, _, standing)| standing.deltas().any(|(_, range)| range.is_contradiction()))
}

/// A hint newer than anything else about its object: its snapshot, and the operations of that name, in that group or
/// with `<object>#…` as reference.
fn needs_fetch(facts: &Facts) -> bool {
    facts.unanswered().next().is_some()
}

impl Facts {
    /// Objects that a hint is newer about than anything else, and the hint's time in microseconds.
    pub fn unanswered(&self) -> impl Iterator<Item = (&str, i64)> {
        let is_newest = |(object, at): &(&String, &i64)| {
            let snapshot = self.objects.get(*object).map(|known| known.seen);
            let operations = self
                .each()
                .filter(|(_, op_ref, standing)| is_about(object, op_ref, standing))
                .map(|(_, _, standing)| standing.seen);
            operations.chain(snapshot).all(|seen| seen < **at)
        };
        self.hints
            .iter()
            .filter(is_newest)
            .map(|(object, at)| (object.as_str(), *at))
    }
}

fn is_about(object: &str, op_ref: &str, standing: &Standing) -> bool {
    standing.group() == Some(object)
        || op_ref
            .strip_prefix(object)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
}

/// Whoever could be anyone decides something.
fn is_untrusted(facts: &Facts) -> bool {
    let words = facts.each().map(|(_, _, standing)| standing.word.trust);
    let registers = facts.objects.values().flat_map(|object| object.trusts());
    words
        .chain(registers)
        .any(|trust| matches!(trust, Trust::Unsigned | Trust::Checksum))
}
