use super::*;

#[track_caller]
fn check(kind: DatabaseErrorKind, message: &str, expected: Failure) {
    let error = Error::DatabaseError(kind, Box::new(message.to_owned()));
    assert_eq!(Failure::of(&error), expected, "{message}");
}

#[test]
fn errors_are_told_apart_by_what_must_be_done() {
    use DatabaseErrorKind::{CheckViolation, SerializationFailure, UnableToSendCommand, Unknown};
    check(SerializationFailure, "could not serialize access", Failure::Contention);
    check(Unknown, "deadlock detected", Failure::Contention);
    check(Unknown, "canceling statement due to lock timeout", Failure::Contention);
    check(Unknown, "canceling statement due to statement timeout", Failure::Transient);
    check(Unknown, "terminating connection due to administrator command", Failure::Unavailable);
    check(UnableToSendCommand, "connection closed", Failure::Unavailable);
    check(CheckViolation, "violates check constraint", Failure::Data);
    check(Unknown, "unsupported Unicode escape sequence", Failure::Data);
    check(Unknown, "ein Fehler", Failure::Transient);
}
