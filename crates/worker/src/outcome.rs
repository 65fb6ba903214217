//! What a failure means for the events that met it: pause, retry or bury. Every error is classified here.
//!
//! diesel tells a few kinds of a database error and hands on no SQLSTATE, so `storage::failure` reads the rest from
//! messages. What it does not know may still be an outage: then the database itself is asked by a write, and only where
//! it takes one was the failure the events' own ([`Class::Unclear`]).

use diesel::result::Error;
use waybill_common::broker::PublishError;
use waybill_common::storage::failure::Failure;

/// A classified failure with its cause.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// PostgreSQL, the broker or the way there is at fault: consumption pauses, no attempt is burnt.
    Infrastructure(anyhow::Error),
    /// It may go better later: the event is retried, and dead after the last delay.
    Transient(anyhow::Error),
    /// The event itself cannot be stored: it is dead.
    Permanent(anyhow::Error),
}

/// What is to be done about a failure of a batch's transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Infrastructure,
    Transient,
    Permanent,
    /// The database must be asked whether it works; if it does, the failure is transient.
    Unclear,
}

/// What an error of a batch's transaction means.
pub(crate) fn classify(error: &Error) -> Class {
    match (Failure::of(error), error) {
        (Failure::Unavailable, _)
        // The transaction was left in a state that nobody knows, its COMMIT included.
        | (_, Error::AlreadyInTransaction | Error::NotInTransaction) => Class::Infrastructure,
        (Failure::Data, _) | (_, Error::DeserializationError(_) | Error::IntegerConversion(_)) => {
            Class::Permanent
        }
        (Failure::Contention, _) => Class::Transient,
        (Failure::Transient, _) => Class::Unclear,
    }
}

impl Outcome {
    /// Puts a cause into its class; what is still unclear counts as transient.
    pub(crate) fn of(class: Class, cause: anyhow::Error) -> Self {
        match class {
            Class::Infrastructure => Self::Infrastructure(cause),
            Class::Permanent => Self::Permanent(cause),
            Class::Transient | Class::Unclear => Self::Transient(cause),
        }
    }
}

/// Whether trying to publish again can help at once: too many publishes in flight are no outage.
pub(crate) fn is_outage(error: PublishError) -> bool {
    match error {
        PublishError::Busy => false,
        PublishError::Blocked
        | PublishError::Disconnected
        | PublishError::Nacked
        | PublishError::Returned
        | PublishError::TimedOut => true,
    }
}

#[cfg(test)]
mod tests;
