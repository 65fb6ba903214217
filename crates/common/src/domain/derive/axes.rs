//! The axes beside money: the order's life, its goods, its disputes.

use crate::domain::{Dispute, Facts, Fulfilment, Lifecycle, Operation, Outcome};

/// The furthest that facts and snapshots say.
pub(super) fn lifecycle(facts: &Facts) -> Lifecycle {
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
        (succeeded(facts, Operation::Cancel), Lifecycle::Cancelled),
        (order_expired(facts), Lifecycle::Expired),
        (succeeded(facts, Operation::Close), Lifecycle::Closed),
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
pub(super) fn fulfilment(facts: &Facts) -> Fulfilment {
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
    .filter(|(operation, _)| succeeded(facts, *operation))
    .map(|(_, fulfilment)| if stated.is_some() { Fulfilment::Partial } else { fulfilment });
    told.chain(stated).max().unwrap_or(Fulfilment::Unfulfilled)
}

pub(super) fn dispute(facts: &Facts) -> Dispute {
    facts
        .of_operation(Operation::Dispute)
        .map(|(_, standing)| match standing.word.outcome {
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

/// An expiry with a group ends that payment, not the order.
fn order_expired(facts: &Facts) -> bool {
    facts
        .of_operation(Operation::Expire)
        .any(|(_, expiry)| expiry.word.outcome == Outcome::Succeeded && expiry.group().is_none())
}

fn succeeded(facts: &Facts, operation: Operation) -> bool {
    facts
        .of_operation(operation)
        .any(|(_, standing)| standing.word.outcome == Outcome::Succeeded)
}
