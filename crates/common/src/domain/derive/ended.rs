//! What ended a payment that came to nothing.

use super::tally::Tally;
use crate::domain::{Operation, Outcome};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VoidedBy {
    Void,
    Expiry,
}

/// A void outweighs: `Expiry` is by expiry alone. An expiry without a group is the order's own: it is the lifecycle that
/// tells it.
pub(super) fn payment_voided_by(tally: &Tally) -> Option<VoidedBy> {
    match (tally.has(Operation::Void, Outcome::Succeeded), tally.payments_expired > 0) {
        (true, _) => Some(VoidedBy::Void),
        (false, true) => Some(VoidedBy::Expiry),
        (false, false) => None,
    }
}
