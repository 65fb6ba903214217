use std::fmt::Debug;
use std::str::FromStr;

use serde::Serialize;

use crate::domain::audit::Kind;
use crate::domain::counts::SecretKind;
use crate::domain::{
    Dispute, Flag, Fulfilment, Label, Lifecycle, Operation, Outcome, Payment, Status, Trust,
    Verdict,
};

#[track_caller]
fn check<T>(all: &[T], name: impl Fn(T) -> &'static str)
where
    T: Copy + Debug + PartialEq + Serialize + FromStr<Err: Debug>,
{
    for &variant in all {
        assert_eq!(serde_json::to_value(variant).unwrap(), name(variant));
        assert_eq!(T::from_str(name(variant)).unwrap(), variant);
    }
    assert!(T::from_str("no such name").is_err());
}

#[test]
fn every_name_is_its_json_form_and_reads_back() {
    check(Status::ALL, Status::as_str);
    check(Payment::ALL, Payment::as_str);
    check(Fulfilment::ALL, Fulfilment::as_str);
    check(Dispute::ALL, Dispute::as_str);
    check(Lifecycle::ALL, Lifecycle::as_str);
    check(Flag::ALL, Flag::as_str);
    check(Trust::ALL, Trust::as_str);
    check(Operation::ALL, Operation::as_str);
    check(Outcome::ALL, Outcome::as_str);
    check(Verdict::ALL, Verdict::as_str);
    check(Label::ALL, Label::as_str);
    check(Kind::ALL, Kind::as_str);
    check(SecretKind::ALL, SecretKind::as_str);
}

#[test]
fn flags_are_declared_in_the_order_of_their_names() {
    assert!(Flag::ALL.is_sorted_by_key(|flag| flag.as_str()));
}
