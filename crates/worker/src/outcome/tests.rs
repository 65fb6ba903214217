use diesel::result::DatabaseErrorKind;

use super::*;

fn database(kind: DatabaseErrorKind, message: &str) -> Error {
    Error::DatabaseError(kind, Box::new(message.to_owned()))
}

#[track_caller]
fn check(expected: Class, errors: impl IntoIterator<Item = Error>) {
    for error in errors {
        assert_eq!(classify(&error), expected, "{error:?}");
    }
}

fn unknown(messages: &[&str]) -> Vec<Error> {
    messages
        .iter()
        .map(|message| database(DatabaseErrorKind::Unknown, message))
        .collect()
}

#[test]
fn a_lost_connection_is_the_infrastructures_fault() {
    check(
        Class::Infrastructure,
        [
            database(DatabaseErrorKind::ClosedConnection, "connection closed"),
            database(DatabaseErrorKind::UnableToSendCommand, "connection closed"),
            database(
                DatabaseErrorKind::UnableToSendCommand,
                "error communicating with the server: Connection reset by peer",
            ),
            database(DatabaseErrorKind::UnableToSendCommand, "timeout waiting for server"),
            database(
                DatabaseErrorKind::ReadOnlyTransaction,
                "cannot execute INSERT in a read-only transaction",
            ),
        ],
    );
}

#[test]
fn a_server_that_cannot_serve_is_the_infrastructures_fault() {
    check(
        Class::Infrastructure,
        unknown(&[
            "terminating connection due to administrator command",
            "terminating connection because of crash of another server process",
            "terminating connection due to idle-in-transaction timeout",
            "the database system is starting up",
            "the database system is shutting down",
            "the database system is in recovery mode",
            "the database system is not accepting connections",
            "sorry, too many clients already",
            "remaining connection slots are reserved for non-replication superuser connections",
            "could not extend file \"base/1/2\": No space left on device",
            "could not write to file \"pg_wal/xlogtemp.1\": No space left on device",
            "out of shared memory",
        ]),
    );
}

#[test]
fn a_transaction_of_unknown_outcome_is_the_infrastructures_fault() {
    let rollback_error = Box::new(Error::BrokenTransactionManager);
    let commit_error = Box::new(Error::NotFound);
    check(
        Class::Infrastructure,
        [
            Error::RollbackErrorOnCommit { rollback_error, commit_error },
            Error::BrokenTransactionManager,
            Error::AlreadyInTransaction,
            Error::NotInTransaction,
        ],
    );
}

#[test]
fn data_that_the_database_refuses_is_permanent() {
    let kinds = [
        DatabaseErrorKind::CheckViolation,
        DatabaseErrorKind::NotNullViolation,
        DatabaseErrorKind::ForeignKeyViolation,
        DatabaseErrorKind::RestrictViolation,
        DatabaseErrorKind::ExclusionViolation,
    ];
    check(Class::Permanent, kinds.map(|kind| database(kind, "violates a constraint")));
    check(
        Class::Permanent,
        unknown(&[
            "invalid byte sequence for encoding \"UTF8\": 0x00",
            "unsupported Unicode escape sequence",
            "invalid input syntax for type json",
            "bigint out of range",
            "value too long for type character varying(8)",
            "index row size 2712 exceeds btree version 4 maximum 2704 for index \"a\"",
        ]),
    );
}

#[test]
fn a_value_without_a_form_on_the_wire_is_permanent() {
    check(
        Class::Permanent,
        [
            Error::SerializationError("nul".into()),
            Error::DeserializationError("no such status".into()),
            Error::InvalidCString(std::ffi::CString::new("a\0b").unwrap_err()),
        ],
    );
}

#[test]
fn meeting_others_is_transient() {
    check(
        Class::Transient,
        unknown(&["canceling statement due to lock timeout", "deadlock detected"]),
    );
    check(
        Class::Transient,
        [database(DatabaseErrorKind::SerializationFailure, "could not serialize access")],
    );
}

#[test]
fn what_is_not_known_is_asked() {
    check(
        Class::Unclear,
        unknown(&[
            "canceling statement due to statement timeout",
            "canceling statement due to user request",
            "relation \"webhooks\" does not exist",
            "permission denied for table orders",
            "Sperre konnte nicht gesetzt werden",
            "the trigger says no",
            "",
        ]),
    );
    check(
        Class::Unclear,
        [Error::NotFound, Error::RollbackTransaction, Error::QueryBuilderError("none".into())],
    );
}

#[test]
fn what_stays_unclear_counts_as_transient() {
    let outcome = Outcome::of(Class::Unclear, anyhow::anyhow!("the trigger says no"));
    assert!(matches!(outcome, Outcome::Transient(_)));
}

#[test]
fn a_publish_that_finds_no_room_is_no_outage() {
    assert!(!is_outage(PublishError::Busy));
    for error in [
        PublishError::Blocked,
        PublishError::Disconnected,
        PublishError::Nacked,
        PublishError::Returned,
        PublishError::TimedOut,
    ] {
        assert!(is_outage(error), "{error}");
    }
}
