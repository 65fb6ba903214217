//! What raises a flag, thing by thing. An operator acknowledges the causes that stand; whatever comes after has a text
//! of its own and raises the flag again (docs/RULES.md, "Acknowledgements", has every form).
//!
//! Each text is one-to-one with what it says: words of closed sets and numbers first, what a sender chose at the end.

use std::collections::BTreeSet;

use super::Found;
use crate::domain::facts::{Standing, written};
use crate::domain::{Flag, Money, Operation, Trust};

impl Found<'_> {
    /// Every cause of a flag, acknowledged or not; none where nothing raises it.
    pub(super) fn causes(&self, flag: Flag) -> BTreeSet<String> {
        if !self.is_raised(flag) {
            return BTreeSet::new();
        }
        match flag {
            Flag::Conflict => self.contradictions().collect(),
            Flag::CurrencyMismatch => self.mismatches().collect(),
            Flag::NeedsFetch => self
                .facts
                .unanswered()
                .map(|(object, at)| format!("hint {at} {object}"))
                .collect(),
            Flag::Overpaid => {
                let total = self.total.unwrap_or_default();
                [format!("{} of total {total}", self.kept_money())].into()
            }
            Flag::PaidAfterCancel => [self.kept_money()].into(),
            Flag::Untrusted => self.untrusted().collect(),
        }
    }

    fn kept_money(&self) -> String {
        let currency = self.currency.map_or("none", |currency| currency.code());
        format!("{currency} captured {} refunded {}", self.sums.captured, self.sums.refunded)
    }

    fn contradictions(&self) -> impl Iterator<Item = String> {
        let marks = self.facts.conflicts.iter();
        let marks = marks.map(|(source, key)| format!("event {source} {key}"));
        let amounts = self.facts.each().flat_map(|(operation, op_ref, standing)| {
            let two = standing.deltas();
            two.filter(|(_, range)| range.is_contradiction())
                .map(move |(outcome, range)| {
                    let (least, greatest) = (written(&range.least()), written(&range.greatest()));
                    format!("amounts {operation} {outcome} {least} {greatest} {op_ref}")
                })
        });
        marks.chain(amounts)
    }

    fn mismatches(&self) -> impl Iterator<Item = String> {
        let order = self.currency;
        let ours = order.map_or("none", |currency| currency.code());
        let operations = super::currency::of_operations(self.facts)
            .filter(move |(.., told)| order != Some(*told))
            .map(move |(operation, op_ref, told)| {
                format!("{operation} {} not {ours} {op_ref}", told.code())
            });
        let snapshots = self.facts.objects.iter().flat_map(move |(name, object)| {
            let told = object.amounts().map(Money::currency);
            told.filter(move |told| order != Some(*told))
                .map(move |told| format!("snapshot {} not {ours} {name}", told.code()))
        });
        operations.chain(snapshots)
    }

    fn untrusted(&self) -> impl Iterator<Item = String> {
        let words = self.facts.each().filter_map(word);
        let registers = self.facts.objects.iter().flat_map(|(name, object)| {
            let weak = object.registers();
            weak.filter(|(_, register)| is_weak(register.trust))
                .map(move |(field, register)| {
                    let (first, trust, value) = (register.first, register.trust, register.value);
                    format!("snapshot {field} {value} {trust} {first} {name}")
                })
        });
        words.chain(registers)
    }
}

fn word((operation, op_ref, standing): (Operation, &str, &Standing)) -> Option<String> {
    let word = &standing.word;
    is_weak(word.trust).then(|| {
        let amount = word
            .amount
            .as_ref()
            .map_or_else(|| "no amount".to_owned(), written);
        let (outcome, trust, first) = (word.outcome, word.trust, word.first);
        format!("{operation} {outcome} {amount} {trust} {first} {op_ref}")
    })
}

/// Such a word could be anyone's.
pub(super) fn is_weak(trust: Trust) -> bool {
    matches!(trust, Trust::Unsigned | Trust::Checksum)
}
