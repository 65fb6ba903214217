//! Words with a colour: the word says it, the colour only helps to find it.

use waybill_common::domain::{
    Dispute, Flag, Fulfilment, Label, Lifecycle, Payment, Status, Verdict,
};
use waybill_common::storage::dead_letters::DeathReason;
use waybill_common::storage::replays::Outcome;

/// A state in a word, as `macros.html` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Badge {
    /// `good`, `bad`, `warn`, `info` or `plain`.
    pub(super) tone: &'static str,
    pub(super) text: String,
}

const GOOD: &str = "good";
const BAD: &str = "bad";
const WARN: &str = "warn";
const INFO: &str = "info";
const PLAIN: &str = "plain";

impl Badge {
    pub(super) fn new(tone: &'static str, name: &str) -> Self {
        Self { tone, text: words(name) }
    }

    /// A name that is of no set that we know, as a newer worker may write it, is shown all the same.
    fn of<T: std::str::FromStr>(name: &str, tone: impl FnOnce(T) -> &'static str) -> Self {
        Self::new(name.parse().map_or(PLAIN, tone), name)
    }

    /// An order's headline.
    pub(super) fn status(name: &str) -> Self {
        Self::of(name, |status: Status| match status {
            Status::Paid | Status::Completed => GOOD,
            Status::Failed | Status::Disputed | Status::ChargedBack => BAD,
            Status::RequiresAction | Status::PartiallyPaid => WARN,
            Status::Authorized
            | Status::Processing
            | Status::PartiallyRefunded
            | Status::Refunded => INFO,
            Status::Pending | Status::Cancelled | Status::Expired | Status::Absorbed => PLAIN,
        })
    }

    pub(super) fn payment(name: &str) -> Self {
        Self::of(name, |payment: Payment| match payment {
            Payment::Paid => GOOD,
            Payment::Failed => BAD,
            Payment::RequiresAction | Payment::PartiallyPaid | Payment::Overpaid => WARN,
            Payment::Authorized
            | Payment::Processing
            | Payment::PartiallyRefunded
            | Payment::Refunded => INFO,
            Payment::Unpaid | Payment::Voided => PLAIN,
        })
    }

    pub(super) fn fulfilment(name: &str) -> Self {
        Self::of(name, |fulfilment: Fulfilment| match fulfilment {
            Fulfilment::Fulfilled | Fulfilment::Delivered => GOOD,
            Fulfilment::Partial => INFO,
            Fulfilment::Returned => WARN,
            Fulfilment::Unfulfilled => PLAIN,
        })
    }

    pub(super) fn dispute(name: &str) -> Self {
        Self::of(name, |dispute: Dispute| match dispute {
            Dispute::Won => GOOD,
            Dispute::Open | Dispute::Lost => BAD,
            Dispute::Inquiry => WARN,
            Dispute::None => PLAIN,
        })
    }

    pub(super) fn lifecycle(name: &str) -> Self {
        Self::of(name, |lifecycle: Lifecycle| match lifecycle {
            Lifecycle::Open => INFO,
            Lifecycle::Closed | Lifecycle::Expired | Lifecycle::Cancelled | Lifecycle::Deleted => {
                PLAIN
            }
        })
    }

    pub(super) fn flag(name: &str) -> Self {
        Self::of(name, |flag: Flag| match flag {
            Flag::Conflict | Flag::CurrencyMismatch | Flag::PaidAfterCancel => BAD,
            Flag::NeedsFetch | Flag::Overpaid | Flag::Untrusted => WARN,
        })
    }

    /// How a webhook ended; `retrying` while it has not.
    pub(super) fn verdict(name: Option<&str>) -> Self {
        let Some(name) = name else { return Self::new(WARN, "retrying") };
        Self::of(name, |verdict: Verdict| match verdict {
            Verdict::Applied => GOOD,
            Verdict::Conflict => WARN,
            Verdict::Dead => BAD,
            Verdict::NoChange | Verdict::Duplicate | Verdict::Ignored => PLAIN,
        })
    }

    /// Why a letter is dead.
    pub(super) fn death(name: &str) -> Self {
        Self::of(name, |reason: DeathReason| match reason {
            DeathReason::Unusable | DeathReason::Undecodable => WARN,
            DeathReason::Exhausted | DeathReason::Refused | DeathReason::Crashed => BAD,
        })
    }

    /// What became of a letter that was replayed, or would.
    pub(super) fn outcome(name: &str) -> Self {
        Self::of(name, |outcome: Outcome| match outcome {
            Outcome::Applied => GOOD,
            Outcome::Conflict | Outcome::Missed => WARN,
            Outcome::Unusable => BAD,
            Outcome::NoChange | Outcome::Duplicate | Outcome::Ignored | Outcome::Elsewhere => PLAIN,
        })
    }

    /// A replay of many letters.
    pub(super) fn replay(state: &str) -> Self {
        let tone = match state {
            "running" => INFO,
            "finished" => GOOD,
            _ => PLAIN,
        };
        Self::new(tone, state)
    }

    /// What kind of step a change of status was.
    pub(super) fn label(name: &str) -> Self {
        Self::of(name, |label: Label| match label {
            Label::Normal => PLAIN,
            Label::Correction => INFO,
            Label::Anomaly => BAD,
        })
    }
}

/// A name of a closed set as people read it: `partially_refunded` is `partially refunded`.
pub(super) fn words(name: &str) -> String {
    name.replace('_', " ")
}
