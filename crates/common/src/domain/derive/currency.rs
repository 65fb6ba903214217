//! Which currency an order's amounts are told in, and whether others were told too.

use std::collections::BTreeSet;

use crate::domain::facts::{Standing, counting};
use crate::domain::{Currency, Facts, Money, Operation, Outcome};

/// The operations whose amounts are money of the order. What comes with a shipment or a cancellation is not.
const OF_MONEY: [Operation; 5] = [
    Operation::Place,
    Operation::Authorize,
    Operation::Capture,
    Operation::Refund,
    Operation::Dispute,
];

/// The total's; else that of succeeded or pending captures, else authorisations, else refunds and disputes (these
/// three whatever became of them), else snapshots. The alphabetically first where one pool has several.
pub(super) fn of_order(facts: &Facts) -> Option<Currency> {
    let among = |operation, counts: fn(Outcome) -> bool| {
        facts
            .of_operation(operation)
            .filter(move |(_, standing)| counts(standing.word.outcome))
            .flat_map(move |(_, standing)| told(operation, standing))
            .min()
    };
    let any: fn(Outcome) -> bool = |_| true;
    let snapshot_totals = facts
        .objects
        .values()
        .filter_map(|object| object.total.map(|total| total.value.currency()));
    among(Operation::Place, |outcome| outcome == Outcome::Succeeded)
        .into_iter()
        .chain(snapshot_totals)
        .min()
        .or_else(|| {
            among(Operation::Capture, |outcome| {
                matches!(outcome, Outcome::Succeeded | Outcome::Pending)
            })
        })
        .or_else(|| among(Operation::Authorize, any))
        .or_else(|| {
            let refunds = among(Operation::Refund, any);
            refunds
                .into_iter()
                .chain(among(Operation::Dispute, any))
                .min()
        })
        .or_else(|| of_snapshots(facts).min())
}

/// Whether money in another currency is kept: of any word that stands, any cumulative amount, any register.
pub(super) fn is_mixed(facts: &Facts, currency: Option<Currency>) -> bool {
    let Some(currency) = currency else { return false };
    let all: BTreeSet<Currency> = OF_MONEY
        .into_iter()
        .flat_map(|operation| {
            facts
                .of_operation(operation)
                .flat_map(move |(_, standing)| told(operation, standing))
        })
        .chain(of_snapshots(facts))
        .collect();
    all.iter().any(|other| *other != currency)
}

fn of_snapshots(facts: &Facts) -> impl Iterator<Item = Currency> {
    facts
        .objects
        .values()
        .flat_map(|object| object.amounts().map(|money| money.currency()))
}

/// The currencies of the amounts that an operation can be summed by.
fn told(operation: Operation, standing: &Standing) -> impl Iterator<Item = Currency> {
    standing
        .word
        .amount
        .or_else(|| standing.delta(counting(operation)))
        .map(Money::currency)
        .into_iter()
        .chain(standing.cumulatives().map(|(currency, _)| currency))
}
