//! The axes beside money: the order's life, its goods, its disputes.

use super::tally::Tally;
use crate::domain::{Dispute, Facts, Fulfilment, Lifecycle, Operation, Outcome};

/// The furthest that facts and snapshots say.
pub(super) fn lifecycle(facts: &Facts, tally: &Tally) -> Lifecycle {
    let deleted = facts
        .objects
        .values()
        .any(|object| object.deleted.is_some_and(|deleted| deleted.value));
    let stated = facts
        .objects
        .values()
        .filter_map(|object| object.lifecycle.map(|lifecycle| lifecycle.value));
    let from_facts = [
        (deleted, Lifecycle::Deleted),
        (tally.has(Operation::Cancel, Outcome::Succeeded), Lifecycle::Cancelled),
        (tally.orders_expired > 0, Lifecycle::Expired),
        (tally.has(Operation::Close, Outcome::Succeeded), Lifecycle::Closed),
    ];
    from_facts
        .into_iter()
        .filter_map(|(holds, lifecycle)| holds.then_some(lifecycle))
        .chain(stated)
        .max()
        .unwrap_or(Lifecycle::Open)
}

/// The furthest that facts and snapshots say. Where a snapshot speaks of fulfilment it knows the whole, and the fact
/// of a parcel (shipped, delivered or returned) tells only a part.
pub(super) fn fulfilment(facts: &Facts, tally: &Tally) -> Fulfilment {
    let stated = facts
        .objects
        .values()
        .filter_map(|object| object.fulfilment.map(|fulfilment| fulfilment.value))
        .max();
    let told = [
        (Operation::Fulfil, Fulfilment::Fulfilled),
        (Operation::Deliver, Fulfilment::Delivered),
        (Operation::Return, Fulfilment::Returned),
    ]
    .into_iter()
    .filter(|(operation, _)| tally.has(*operation, Outcome::Succeeded))
    .map(|(_, fulfilment)| if stated.is_some() { Fulfilment::Partial } else { fulfilment });
    told.chain(stated).max().unwrap_or(Fulfilment::Unfulfilled)
}

pub(super) fn dispute(tally: &Tally) -> Dispute {
    tally
        .outcomes_of(Operation::Dispute)
        .map(|outcome| match outcome {
            Outcome::Requested => Dispute::Inquiry,
            Outcome::Pending => Dispute::Open,
            Outcome::Lost => Dispute::Lost,
            Outcome::Won => Dispute::Won,
            // No adapter says this of a dispute.
            Outcome::Succeeded | Outcome::Failed => Dispute::None,
        })
        .max()
        .unwrap_or(Dispute::None)
}
