//! What a database error means for the batch that met it.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};

/// Whom to blame, and so what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another transaction was in the way (40P01, 40001, 55P03, or 23514 of a partition): a miss, tried again at once.
    Contention,
    /// The database is away, stopping, full or read-only: everybody waits, nothing is to blame.
    Unavailable,
    /// A row that the schema refuses, today and tomorrow: the event is to blame.
    Data,
    /// Anything else: it may pass.
    Transient,
}

/// How the messages of `Unknown` errors begin, in English: diesel hands on no SQLSTATE. Connections ask for English
/// where they may; a message in another language is `Transient`.
const CONTENTION: [&str; 2] = ["deadlock detected", "canceling statement due to lock timeout"];
const UNAVAILABLE: [&str; 10] = [
    "terminating connection",
    "the database system is",
    "sorry, too many clients",
    "remaining connection slots",
    "could not extend file",
    "could not write",
    "could not access",
    "could not open file",
    "out of shared memory",
    "connection closed",
];
const DATA: [&str; 9] = [
    "invalid byte sequence",
    "unsupported unicode escape",
    "invalid input syntax",
    "invalid input value",
    "value too long",
    "index row",
    "integer out of range",
    "bigint out of range",
    "timestamp out of range",
];

impl Failure {
    #[must_use]
    pub fn of(error: &Error) -> Self {
        match error {
            Error::DatabaseError(DatabaseErrorKind::CheckViolation, told) if misrouted(&**told) => {
                Self::Contention
            }
            Error::DatabaseError(kind, told) => Self::of_kind(kind, told.message()),
            Error::BrokenTransactionManager | Error::RollbackErrorOnCommit { .. } => {
                Self::Unavailable
            }
            Error::SerializationError(_) | Error::InvalidCString(_) => Self::Data,
            Error::NotFound
            | Error::QueryBuilderError(_)
            | Error::DeserializationError(_)
            | Error::RollbackTransaction
            | Error::AlreadyInTransaction
            | Error::NotInTransaction
            | Error::IntegerConversion(_)
            | _ => Self::Transient,
        }
    }

    fn of_kind(kind: &DatabaseErrorKind, message: &str) -> Self {
        match kind {
            DatabaseErrorKind::SerializationFailure => Self::Contention,
            DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::ReadOnlyTransaction => Self::Unavailable,
            DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::RestrictViolation
            | DatabaseErrorKind::ExclusionViolation => Self::Data,
            _ => Self::by_message(&message.to_lowercase()),
        }
    }

    fn by_message(message: &str) -> Self {
        let begins = |known: &[&str]| known.iter().any(|start| message.starts_with(start));
        if begins(&CONTENTION) {
            Self::Contention
        } else if begins(&UNAVAILABLE) {
            Self::Unavailable
        } else if begins(&DATA) {
            Self::Data
        } else {
            Self::Transient
        }
    }
}

/// Whether a row was on its way to the default partition while the partition of its month was made. It is refused as one
/// that breaks a constraint of that table, but of a constraint without a name; the next time it finds its way.
fn misrouted(told: &(dyn DatabaseErrorInformation + Send + Sync)) -> bool {
    told.table_name().is_some() && told.constraint_name().is_none()
}

#[cfg(test)]
mod tests;
