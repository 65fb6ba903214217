//! Which currency an order's amounts are told in, and which others were told too.

use super::tally::Tally;
use crate::domain::facts::{Standing, counting};
use crate::domain::{Currency, Facts, Money, Operation, Outcome};

/// The operations whose amounts are money of the order. What comes with a shipment or a cancellation is not.
pub(super) const OF_MONEY: [Operation; 5] = [
    Operation::Place,
    Operation::Authorize,
    Operation::Capture,
    Operation::Refund,
    Operation::Dispute,
];

/// The total's; else that of succeeded or pending captures, else authorisations, else refunds and disputes (these
/// three whatever became of them), else snapshots. The alphabetically first where one pool has several.
pub(super) fn of_order(facts: &Facts, tally: &Tally) -> Option<Currency> {
    let among = |operation, counts: fn(Outcome) -> bool| {
        tally
            .told()
            .filter(move |(told, outcome, _)| *told == operation && counts(*outcome))
            .map(|(.., currency)| currency)
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

/// Each operation that moves money with each currency that it was told in.
pub(super) fn of_operations(facts: &Facts) -> impl Iterator<Item = (Operation, &str, Currency)> {
    OF_MONEY.into_iter().flat_map(move |operation| {
        facts
            .of_operation(operation)
            .flat_map(move |(op_ref, standing)| {
                told(operation, standing).map(move |told| (operation, op_ref, told))
            })
    })
}

fn of_snapshots(facts: &Facts) -> impl Iterator<Item = Currency> {
    facts
        .objects
        .values()
        .flat_map(|object| object.amounts().map(|money| money.currency()))
}

/// The currencies of the amounts that an operation can be summed by.
pub(super) fn told(operation: Operation, standing: &Standing) -> impl Iterator<Item = Currency> {
    standing
        .word
        .amount
        .or_else(|| standing.delta(counting(operation)))
        .map(Money::currency)
        .into_iter()
        .chain(standing.cumulatives().map(|(currency, _)| currency))
}
