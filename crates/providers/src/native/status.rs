//! What each native status says (DOMAIN.md, section 3).

use waybill_common::domain::{Operation, Outcome};

/// One statement of a status about its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) op: Operation,
    pub(super) outcome: Outcome,
    pub(super) partial: bool,
}

const fn says(op: Operation, outcome: Outcome) -> Statement {
    Statement { op, outcome, partial: false }
}

const PLACED: &[Statement] = &[says(Operation::Place, Outcome::Succeeded)];
const PENDING: &[Statement] = &[says(Operation::Capture, Outcome::Pending)];
const REQUESTED: &[Statement] = &[says(Operation::Capture, Outcome::Requested)];
const AUTHORIZED: &[Statement] = &[says(Operation::Authorize, Outcome::Succeeded)];
const PAID: &[Statement] = &[says(Operation::Capture, Outcome::Succeeded)];
const COMPLETED: &[Statement] =
    &[says(Operation::Capture, Outcome::Succeeded), says(Operation::Close, Outcome::Succeeded)];
const PARTIALLY_PAID: &[Statement] =
    &[Statement { op: Operation::Capture, outcome: Outcome::Succeeded, partial: true }];
const FAILED: &[Statement] = &[says(Operation::Capture, Outcome::Failed)];
const CANCELLED: &[Statement] =
    &[says(Operation::Void, Outcome::Succeeded), says(Operation::Cancel, Outcome::Succeeded)];
const EXPIRED: &[Statement] = &[says(Operation::Expire, Outcome::Succeeded)];
const REFUNDED: &[Statement] = &[says(Operation::Refund, Outcome::Succeeded)];
const REFUND_FAILED: &[Statement] = &[says(Operation::Refund, Outcome::Failed)];
const DISPUTED: &[Statement] = &[says(Operation::Dispute, Outcome::Pending)];
const CHARGED_BACK: &[Statement] = &[says(Operation::Dispute, Outcome::Lost)];
const DISPUTE_WON: &[Statement] = &[says(Operation::Dispute, Outcome::Won)];
const SHIPPED: &[Statement] = &[says(Operation::Fulfil, Outcome::Succeeded)];
const DELIVERED: &[Statement] = &[says(Operation::Deliver, Outcome::Succeeded)];
const RETURNED: &[Statement] = &[says(Operation::Return, Outcome::Succeeded)];

/// Every status that a sender can tell.
pub(super) const ALL: [(&str, &[Statement]); 24] = [
    ("placed", PLACED),
    ("created", PLACED),
    ("pending", PENDING),
    ("processing", PENDING),
    ("requires_action", REQUESTED),
    ("authorized", AUTHORIZED),
    ("paid", PAID),
    ("success", PAID),
    ("completed", COMPLETED),
    ("partially_paid", PARTIALLY_PAID),
    ("failed", FAILED),
    ("declined", FAILED),
    ("cancelled", CANCELLED),
    ("voided", CANCELLED),
    ("expired", EXPIRED),
    ("refunded", REFUNDED),
    ("partially_refunded", REFUNDED),
    ("refund_failed", REFUND_FAILED),
    ("disputed", DISPUTED),
    ("charged_back", CHARGED_BACK),
    ("dispute_won", DISPUTE_WON),
    ("shipped", SHIPPED),
    ("delivered", DELIVERED),
    ("returned", RETURNED),
];

/// What the status says; absent for any other word.
pub(super) fn statements(status: &str) -> Option<&'static [Statement]> {
    ALL.iter()
        .find(|(name, _)| *name == status)
        .map(|(_, says)| *says)
}
