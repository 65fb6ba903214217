//! The ladder of the payment axis and the headline above it.

use super::settle;
use crate::domain::sample::{event, fact, snapshot, usd};
use crate::domain::{CanonicalEvent, Effect, Fact, Operation, Outcome, Payment, Snapshot, Status};

use Operation::{Authorize, Cancel, Capture, Close, Expire, Place, Refund, Void};
use Outcome::{Failed, Pending, Requested, Succeeded};

#[track_caller]
fn check<const N: usize>(facts: [Fact; N], expected: (Payment, Status)) {
    let life: Vec<CanonicalEvent> = facts
        .into_iter()
        .zip(1..)
        .map(|(fact, number)| event(&number.to_string(), number, fact))
        .collect();
    let state = settle(&life);
    assert_eq!((state.payment, state.status), expected);
}

fn placed(total: i64) -> Fact {
    fact(Place, "o", Succeeded).usd(total)
}

fn captured(minor: i64) -> Fact {
    fact(Capture, "c", Succeeded).usd(minor)
}

fn refunded(minor: i64) -> Fact {
    fact(Refund, "r", Succeeded).usd(minor).group("c")
}

#[test]
fn money_is_compared_with_the_total() {
    check([placed(100), captured(1)], (Payment::PartiallyPaid, Status::PartiallyPaid));
    check([placed(100), captured(100)], (Payment::Paid, Status::Paid));
    check([placed(100), captured(101)], (Payment::Overpaid, Status::Paid));
    check(
        [placed(100), captured(100), refunded(1)],
        (Payment::PartiallyRefunded, Status::PartiallyRefunded),
    );
    check([placed(100), captured(50), refunded(50)], (Payment::Refunded, Status::Refunded));
    check([refunded(50)], (Payment::PartiallyRefunded, Status::PartiallyRefunded));
}

#[test]
fn without_a_total_a_capture_is_the_whole_unless_it_is_called_a_part() {
    check([captured(5)], (Payment::Paid, Status::Paid));
    check([captured(0)], (Payment::Paid, Status::Paid));
    check([captured(5).partial()], (Payment::PartiallyPaid, Status::PartiallyPaid));
    check([captured(0).partial()], (Payment::Unpaid, Status::Pending));
}

#[test]
fn a_total_of_nothing_is_paid_where_somebody_says_so() {
    check([placed(0)], (Payment::Unpaid, Status::Pending));
    check([placed(0), captured(0)], (Payment::Paid, Status::Paid));
    let free =
        Snapshot { total: Some(usd(0)), payment: Some(Payment::Paid), ..snapshot("shop", 1) };
    assert_eq!(settle(&[event("1", 1, free)]).payment, Payment::Paid);
}

#[test]
fn a_capture_of_an_unknown_amount_is_some_money() {
    check(
        [placed(100), fact(Capture, "c", Succeeded)],
        (Payment::PartiallyPaid, Status::PartiallyPaid),
    );
    check([placed(100), captured(0)], (Payment::Unpaid, Status::Pending));
}

#[test]
fn attempts_decide_where_no_money_moved() {
    let authorized = || fact(Authorize, "a", Succeeded).usd(100);
    check([authorized()], (Payment::Authorized, Status::Authorized));
    check([authorized().usd(0)], (Payment::Authorized, Status::Authorized));
    check([fact(Authorize, "a", Pending)], (Payment::Processing, Status::Processing));
    check([fact(Capture, "a", Requested)], (Payment::RequiresAction, Status::RequiresAction));
    check([fact(Capture, "a", Failed)], (Payment::Failed, Status::Failed));
    check(
        [fact(Capture, "a", Failed), fact(Capture, "b", Pending)],
        (Payment::Processing, Status::Processing),
    );
    check([placed(100)], (Payment::Unpaid, Status::Pending));
    check([], (Payment::Unpaid, Status::Pending));
}

#[test]
fn a_void_ends_its_group_or_without_one_its_book() {
    let authorized = |id: &str| fact(Authorize, id, Succeeded).usd(100);
    let void = || fact(Void, "v", Succeeded);
    check([authorized("a"), void().group("a")], (Payment::Voided, Status::Cancelled));
    check([authorized("a"), void().group("b")], (Payment::Authorized, Status::Authorized));
    check([authorized("a"), authorized("b"), void()], (Payment::Voided, Status::Cancelled));
    check([authorized("a").book("shop"), void()], (Payment::Authorized, Status::Authorized));
    check([fact(Capture, "a", Pending), void()], (Payment::Voided, Status::Cancelled));
    check([captured(100), void()], (Payment::Paid, Status::Paid));
    check([authorized("a"), fact(Void, "v", Failed)], (Payment::Authorized, Status::Authorized));
}

#[test]
fn an_expiry_with_a_group_ends_that_payment_and_without_one_the_order() {
    let authorized = || fact(Authorize, "a", Succeeded).usd(100);
    let expired = || fact(Expire, "e", Succeeded);
    check([authorized(), expired().group("a")], (Payment::Voided, Status::Expired));
    check([authorized(), expired()], (Payment::Unpaid, Status::Expired));
    check(
        [authorized(), expired().group("a"), fact(Void, "v", Succeeded).group("a")],
        (Payment::Voided, Status::Cancelled),
    );
    check(
        [expired().group("a"), fact(Authorize, "b", Succeeded)],
        (Payment::Authorized, Status::Authorized),
    );
}

#[test]
fn completed_is_paid_and_closed() {
    let closed = || fact(Close, "x", Succeeded);
    check([captured(100), closed()], (Payment::Paid, Status::Completed));
    check([placed(50), captured(100), closed()], (Payment::Overpaid, Status::Paid));
    check([captured(100), closed(), fact(Cancel, "y", Succeeded)], (Payment::Paid, Status::Paid));
    check([closed()], (Payment::Unpaid, Status::Pending));
}

#[test]
fn a_shops_word_stands_where_no_money_says_otherwise() {
    let said = |payment, facts: Vec<Fact>| {
        let snapshot = Snapshot { payment: Some(payment), ..snapshot("shop", 1) };
        let state = settle(&[event("1", 1, Effect::Snapshot { snapshot, facts })]);
        (state.payment, state.status)
    };
    for (word, status) in [
        (Payment::Unpaid, Status::Pending),
        (Payment::RequiresAction, Status::RequiresAction),
        (Payment::Processing, Status::Processing),
        (Payment::Failed, Status::Failed),
        (Payment::Authorized, Status::Authorized),
        (Payment::PartiallyPaid, Status::PartiallyPaid),
        (Payment::Paid, Status::Paid),
        (Payment::Overpaid, Status::Paid),
        (Payment::PartiallyRefunded, Status::PartiallyRefunded),
        (Payment::Refunded, Status::Refunded),
        (Payment::Voided, Status::Cancelled),
    ] {
        assert_eq!(said(word, vec![]), (word, status));
    }
    assert_eq!(said(Payment::Refunded, vec![captured(5)]).0, Payment::Paid);
    assert_eq!(said(Payment::Paid, vec![captured(5).partial()]).0, Payment::PartiallyPaid);
    assert_eq!(said(Payment::Voided, vec![captured(5)]).0, Payment::Paid);
    assert_eq!(said(Payment::PartiallyRefunded, vec![captured(5)]).0, Payment::PartiallyRefunded);
    let failed = fact(Refund, "r", Failed).usd(5);
    assert_eq!(said(Payment::PartiallyRefunded, vec![captured(5), failed]).0, Payment::Paid);
}
