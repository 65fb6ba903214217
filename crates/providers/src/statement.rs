//! The native vocabulary: what each status says (DOMAIN.md, section 3). Sources whose payloads Waybill does not know speak
//! it too, by their configuration.

use waybill_common::domain::{Fact, Money, Operation, Outcome};

use crate::meaning::fact;

/// One statement of a status about its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Statement {
    op: Operation,
    outcome: Outcome,
    partial: bool,
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
const ALL: [(&str, &[Statement]); 24] = [
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

/// The status of that name, where there is one.
pub(crate) fn name(status: &str) -> Option<&'static str> {
    ALL.iter()
        .map(|(name, _)| *name)
        .find(|name| *name == status)
}

/// All names, for people.
pub(crate) fn names() -> String {
    ALL.map(|(name, _)| name).join(", ")
}

/// Who states something about which operation, and when.
pub(crate) struct Spoken<'a> {
    pub(crate) book: &'a str,
    /// Whose operations they are, such as `native:payments`.
    pub(crate) scope: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) amount: Option<Money>,
    pub(crate) first: i64,
}

/// The facts that a status states; none for a word that is no status.
pub(crate) fn facts(status: &str, spoken: &Spoken<'_>) -> Vec<Fact> {
    let statements = ALL.iter().find(|(name, _)| *name == status);
    let statements = statements.map_or(&[][..], |(_, says)| says);
    let Spoken { book, scope, operation, amount, first } = *spoken;
    statements
        .iter()
        .map(|statement| Fact {
            // All of a source's payments are one group, so that a void ends them and no other source's. An expiry
            // ends the order itself.
            group: (statement.op != Operation::Expire).then(|| scope.to_owned()),
            amount,
            partial: statement.partial,
            first,
            ..fact(book, statement.op, format!("{scope}:{operation}"), statement.outcome)
        })
        .collect()
}
