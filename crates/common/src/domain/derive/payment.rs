//! The payment axis: the first rung that holds, by money, by attempts, or by a shop's word.

use std::collections::BTreeSet;

use super::ended::Ended;
use super::money::Sums;
use crate::domain::facts::{Object, Standing};
use crate::domain::{Facts, Operation, Outcome, Payment};

pub(super) fn of(facts: &Facts, total: Option<i64>, sums: &Sums, ended: &Ended<'_>) -> Payment {
    let words = Words::of(facts);
    let tries = Tries::of(facts, ended);
    by_money(total, sums, &words, &tries)
        .or_else(|| by_attempts(&words, &tries, ended))
        .unwrap_or(Payment::Unpaid)
}

fn by_money(total: Option<i64>, sums: &Sums, words: &Words, tries: &Tries) -> Option<Payment> {
    let Sums { captured, refunded, .. } = *sums;
    let covered = total.is_some_and(|total| captured >= total);
    // Without a total, a capture that its sender does not call a part is the whole. A total of nothing is paid where
    // somebody says so.
    let paid = match total {
        Some(_) => covered && (captured > 0 || tries.captured_whole || words.say_paid()),
        None => tries.captured_whole || words.stands(Payment::Paid),
    };
    let rungs = [
        (
            refunded >= captured && captured > 0 || words.stands(Payment::Refunded),
            Payment::Refunded,
        ),
        (refunded > 0 || words.stands(Payment::PartiallyRefunded), Payment::PartiallyRefunded),
        (
            total.is_some_and(|total| captured > total) || words.stands(Payment::Overpaid),
            Payment::Overpaid,
        ),
        (paid, Payment::Paid),
        // A capture of an unknown amount is some money, but nobody knows whether it is enough.
        (
            captured > 0 || tries.captured_unknown || words.stands(Payment::PartiallyPaid),
            Payment::PartiallyPaid,
        ),
    ];
    rungs
        .into_iter()
        .find_map(|(holds, payment)| holds.then_some(payment))
}

fn by_attempts(words: &Words, tries: &Tries, ended: &Ended<'_>) -> Option<Payment> {
    let rungs = [
        (tries.authorized, Payment::Authorized),
        (tries.pending, Payment::Processing),
        (tries.requested, Payment::RequiresAction),
        (ended.payment_voided_by().is_some(), Payment::Voided),
        (tries.failed && !tries.captured, Payment::Failed),
    ];
    rungs
        .into_iter()
        .find_map(|(holds, payment)| (holds || words.stands(payment)).then_some(payment))
}

/// What snapshots say, where no money says otherwise.
struct Words {
    said: BTreeSet<Payment>,
    /// An amount captured is known, from an operation or stated (even as nothing).
    capture_known: bool,
    /// A refund is known by its operation (even as failed), or its amount is stated.
    refund_known: bool,
}

impl Words {
    fn of(facts: &Facts) -> Self {
        let stated = |field: fn(&Object) -> bool| facts.objects.values().any(field);
        let moved = |operation, outcomes: &[Outcome]| {
            facts
                .of_operation(operation)
                .any(|(_, standing)| outcomes.contains(&standing.word.outcome))
        };
        Self {
            said: facts
                .objects
                .values()
                .filter_map(|object| object.payment.map(|payment| payment.value))
                .collect(),
            capture_known: stated(|object| object.captured.is_some())
                || moved(Operation::Capture, &[Outcome::Succeeded]),
            refund_known: stated(|object| object.refunded.is_some())
                || moved(Operation::Refund, &[Outcome::Succeeded, Outcome::Failed]),
        }
    }

    fn say_paid(&self) -> bool {
        self.said.contains(&Payment::Paid) || self.said.contains(&Payment::Overpaid)
    }

    fn stands(&self, word: Payment) -> bool {
        let contradicted = match word {
            Payment::PartiallyRefunded => self.refund_known,
            Payment::Refunded => self.refund_known || self.capture_known,
            Payment::Paid | Payment::Overpaid | Payment::PartiallyPaid => self.capture_known,
            // These speak of no money that moved; their rungs lie below all that do.
            Payment::Unpaid
            | Payment::RequiresAction
            | Payment::Processing
            | Payment::Failed
            | Payment::Authorized
            | Payment::Voided => false,
        };
        self.said.contains(&word) && !contradicted
    }
}

/// How far captures and authorisations have come, without those that were ended.
#[derive(Default)]
struct Tries {
    captured: bool,
    captured_whole: bool,
    captured_unknown: bool,
    authorized: bool,
    pending: bool,
    requested: bool,
    failed: bool,
}

impl Tries {
    fn of(facts: &Facts, ended: &Ended<'_>) -> Self {
        let mut tries = Self::default();
        for operation in [Operation::Authorize, Operation::Capture] {
            for (op_ref, standing) in facts.of_operation(operation) {
                tries.note(operation, standing, ended.includes(op_ref, standing));
            }
        }
        tries
    }

    fn note(&mut self, operation: Operation, standing: &Standing, ended: bool) {
        let word = &standing.word;
        match (word.outcome, operation) {
            (Outcome::Succeeded, Operation::Capture) => {
                self.captured = true;
                self.captured_whole |= !word.partial;
                self.captured_unknown |= word.amount.is_none();
            }
            (Outcome::Failed, _) => self.failed = true,
            _ if ended => {}
            (Outcome::Succeeded, _) => self.authorized = true,
            (Outcome::Pending, _) => self.pending = true,
            (Outcome::Requested, _) => self.requested = true,
            // Of a dispute only.
            (Outcome::Lost | Outcome::Won, _) => {}
        }
    }
}
