//! What kind of step a change of status was: for people and alerts only, the fold has already decided.

use serde::{Deserialize, Serialize};

use super::Status;
use super::names::named;

/// DOMAIN.md, section 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// Forward, perhaps past stations whose events are late.
    Normal,
    /// Backward and legal: something that held before was corrected.
    Correction,
    /// Applied like all others, but worth an alert.
    Anomaly,
}

named!(Label { Normal => "normal", Correction => "correction", Anomaly => "anomaly" });

/// The label of a step; none where the status stayed. An order's first event (`from` absent) starts from `pending`.
#[must_use]
pub fn label(from: Option<Status>, to: Status) -> Option<Label> {
    let from = from.unwrap_or(Status::Pending);
    if from == to {
        return None;
    }
    Some(if is_reachable(from, to) {
        Label::Normal
    } else if corrections(from).contains(&to) {
        Label::Correction
    } else {
        Label::Anomaly
    })
}

/// By several normal steps, too: the stations between are merely late.
fn is_reachable(from: Status, to: Status) -> bool {
    let mut seen = vec![from];
    let mut next = 0;
    while let Some(&station) = seen.get(next) {
        for &reached in normal_steps(station) {
            if !seen.contains(&reached) {
                seen.push(reached);
            }
        }
        next += 1;
    }
    // Being part of another order is open to every order, and is no station.
    to == Status::Absorbed || seen.contains(&to)
}

fn normal_steps(from: Status) -> &'static [Status] {
    use Status::{
        Authorized, Cancelled, ChargedBack, Completed, Disputed, Expired, Failed, Paid,
        PartiallyPaid, PartiallyRefunded, Pending, Processing, Refunded, RequiresAction,
    };
    match from {
        Pending | RequiresAction | Processing | Failed => &[
            Pending,
            RequiresAction,
            Processing,
            Failed,
            Authorized,
            PartiallyPaid,
            Paid,
            Completed,
            Cancelled,
            Expired,
        ],
        Authorized => &[PartiallyPaid, Paid, Completed, Cancelled, Expired],
        PartiallyPaid => &[Paid, Completed, PartiallyRefunded, Refunded, Cancelled],
        Paid | Completed => &[Paid, Completed, PartiallyRefunded, Refunded, Disputed, ChargedBack],
        PartiallyRefunded => &[Refunded, Disputed, ChargedBack],
        Disputed => &[ChargedBack],
        Cancelled | Expired => &[Cancelled, Expired],
        Refunded | ChargedBack | Status::Absorbed => &[],
    }
}

fn corrections(from: Status) -> &'static [Status] {
    use Status::{
        Authorized, Cancelled, ChargedBack, Completed, Disputed, Expired, Failed, Paid,
        PartiallyPaid, PartiallyRefunded, Pending, Processing, Refunded, RequiresAction,
    };
    match from {
        Authorized => &[Processing, RequiresAction],
        PartiallyPaid => &[Authorized, Processing],
        // Cancelled: only a shop that voids a sale takes it this way.
        Paid | Completed => &[Authorized, PartiallyPaid, Processing, Failed, Cancelled],
        PartiallyRefunded => &[Paid, Completed],
        Refunded => &[PartiallyRefunded, Paid, Completed],
        Disputed => &[Paid, Completed, PartiallyRefunded, Refunded],
        ChargedBack => &[Paid, Completed, Disputed, PartiallyRefunded, Refunded],
        // Paid: another payment after a voided one. After a cancelled order the flag `paid_after_cancel` tells.
        Cancelled | Expired => &[Pending, Authorized, Processing, Paid],
        Pending | RequiresAction | Processing | Failed | Status::Absorbed => &[],
    }
}

#[cfg(test)]
mod tests;
