//! The payment axis: the first rung that holds, by money, by attempts, or by a shop's word.

use std::collections::BTreeSet;

use super::book::Open;
use super::ended::payment_voided_by;
use super::money::Sums;
use super::tally::Tally;
use crate::domain::facts::Object;
use crate::domain::{Facts, Operation, Outcome, Payment};

pub(super) fn of(facts: &Facts, tally: &Tally, total: Option<i64>, sums: &Sums) -> Payment {
    let words = Words::of(facts, tally);
    by_money(total, sums, &words, tally)
        .or_else(|| by_attempts(&words, tally))
        .unwrap_or(Payment::Unpaid)
}

fn by_money(total: Option<i64>, sums: &Sums, words: &Words, tally: &Tally) -> Option<Payment> {
    let Sums { captured, refunded, .. } = *sums;
    let (captured_whole, captured_unknown) = (tally.captured_whole > 0, tally.captured_unknown > 0);
    let covered = total.is_some_and(|total| captured >= total);
    // Without a total, a capture that its sender does not call a part is the whole. A total of nothing is paid where
    // somebody says so.
    let paid = match total {
        Some(_) => covered && (captured > 0 || captured_whole || words.say_paid()),
        None => captured_whole || words.stands(Payment::Paid),
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
            captured > 0 || captured_unknown || words.stands(Payment::PartiallyPaid),
            Payment::PartiallyPaid,
        ),
    ];
    rungs
        .into_iter()
        .find_map(|(holds, payment)| holds.then_some(payment))
}

/// By captures and authorisations that were not ended, and by what became of the others.
fn by_attempts(words: &Words, tally: &Tally) -> Option<Payment> {
    let open: Vec<Open> = tally.books().map(|(_, book)| book.living_open()).collect();
    let failed = [Operation::Authorize, Operation::Capture]
        .into_iter()
        .any(|operation| tally.has(operation, Outcome::Failed));
    let captured = tally.has(Operation::Capture, Outcome::Succeeded);
    let rungs = [
        (open.iter().any(|open| open.authorized > 0), Payment::Authorized),
        (open.iter().any(|open| open.pending > 0), Payment::Processing),
        (open.iter().any(|open| open.requested > 0), Payment::RequiresAction),
        (payment_voided_by(tally).is_some(), Payment::Voided),
        (failed && !captured, Payment::Failed),
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
    fn of(facts: &Facts, tally: &Tally) -> Self {
        let stated = |field: fn(&Object) -> bool| facts.objects.values().any(field);
        Self {
            said: facts
                .objects
                .values()
                .filter_map(|object| object.payment.map(|payment| payment.value))
                .collect(),
            capture_known: stated(|object| object.captured.is_some())
                || tally.has(Operation::Capture, Outcome::Succeeded),
            refund_known: stated(|object| object.refunded.is_some())
                || tally.has(Operation::Refund, Outcome::Succeeded)
                || tally.has(Operation::Refund, Outcome::Failed),
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
