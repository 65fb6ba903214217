//! The headline: the first of the axes' words that holds.

use super::ended::VoidedBy;
use crate::domain::{Dispute, Lifecycle, Payment, Status};

pub(super) fn of(
    payment: Payment,
    lifecycle: Lifecycle,
    dispute: Dispute,
    voided_by: Option<VoidedBy>,
) -> Status {
    by_dispute(dispute)
        .or_else(|| by_money(payment, lifecycle))
        .or_else(|| by_lifecycle(lifecycle))
        .unwrap_or_else(|| by_attempts(payment, voided_by))
}

fn by_dispute(dispute: Dispute) -> Option<Status> {
    match dispute {
        Dispute::Lost => Some(Status::ChargedBack),
        Dispute::Open => Some(Status::Disputed),
        Dispute::None | Dispute::Won | Dispute::Inquiry => None,
    }
}

fn by_money(payment: Payment, lifecycle: Lifecycle) -> Option<Status> {
    match payment {
        Payment::Refunded => Some(Status::Refunded),
        Payment::PartiallyRefunded => Some(Status::PartiallyRefunded),
        // An overpaid order is not completed: somebody has to look at it.
        Payment::Paid if lifecycle == Lifecycle::Closed => Some(Status::Completed),
        Payment::Paid | Payment::Overpaid => Some(Status::Paid),
        Payment::PartiallyPaid => Some(Status::PartiallyPaid),
        Payment::Unpaid
        | Payment::RequiresAction
        | Payment::Processing
        | Payment::Failed
        | Payment::Authorized
        | Payment::Voided => None,
    }
}

fn by_lifecycle(lifecycle: Lifecycle) -> Option<Status> {
    match lifecycle {
        Lifecycle::Cancelled | Lifecycle::Deleted => Some(Status::Cancelled),
        Lifecycle::Expired => Some(Status::Expired),
        Lifecycle::Open | Lifecycle::Closed => None,
    }
}

fn by_attempts(payment: Payment, voided_by: Option<VoidedBy>) -> Status {
    match payment {
        Payment::Authorized => Status::Authorized,
        Payment::Processing => Status::Processing,
        Payment::RequiresAction => Status::RequiresAction,
        // A shop that says voided without saying how has voided.
        Payment::Voided if voided_by == Some(VoidedBy::Expiry) => Status::Expired,
        Payment::Voided => Status::Cancelled,
        Payment::Failed => Status::Failed,
        Payment::Unpaid
        | Payment::PartiallyPaid
        | Payment::Paid
        | Payment::Overpaid
        | Payment::PartiallyRefunded
        | Payment::Refunded => Status::Pending,
    }
}
