//! Lifecycle, fulfilment, disputes, and the headline they make.

use super::settle;
use crate::domain::sample::{event, fact, snapshot};
use crate::domain::{
    CanonicalEvent, Dispute, Effect, Fact, Fulfilment, Lifecycle, Operation, Outcome, Snapshot,
    Status,
};

use Operation::{Cancel, Capture, Close, Deliver, Expire, Fulfil, Return};
use Outcome::{Failed, Lost, Pending, Requested, Succeeded, Won};

fn told(number: i64, effect: impl Into<Effect>) -> CanonicalEvent {
    event(&number.to_string(), number, effect)
}

#[test]
fn the_lifecycle_is_the_furthest_that_facts_and_snapshots_say() {
    let life = [
        told(1, fact(Close, "a", Succeeded)),
        told(2, fact(Expire, "a", Succeeded)),
        told(3, fact(Cancel, "a", Succeeded)),
        told(4, Snapshot { deleted: Some(true), ..snapshot("shop", 4) }),
    ];
    let after = |events| settle(&life[..events]).lifecycle;
    assert_eq!([0, 1, 2, 3, 4].map(after), *Lifecycle::ALL);
    let failed = [told(1, fact(Cancel, "a", Failed)), told(2, fact(Expire, "b", Pending))];
    assert_eq!(settle(&failed).lifecycle, Lifecycle::Open);
    let closed = Snapshot { lifecycle: Some(Lifecycle::Closed), ..snapshot("shop", 1) };
    assert_eq!(settle(&[told(1, closed)]).lifecycle, Lifecycle::Closed);
}

#[test]
fn a_deletion_is_lifted_by_a_restore_whatever_comes_first() {
    let deleted = Snapshot { deleted: Some(true), first: 0, ..snapshot("shop", 0) };
    let restored = Snapshot { deleted: Some(false), ..snapshot("shop", 5) };
    let life = [told(9, deleted.clone()), told(5, restored)];
    assert_eq!(settle(&life).lifecycle, Lifecycle::Open);
    let state = settle(&[told(9, deleted)]);
    assert_eq!((state.lifecycle, state.status), (Lifecycle::Deleted, Status::Cancelled));
}

#[test]
fn goods_are_as_far_as_the_furthest_fact() {
    let life = [
        told(1, fact(Fulfil, "a", Succeeded)),
        told(2, fact(Deliver, "a", Succeeded)),
        told(3, fact(Return, "a", Succeeded)),
    ];
    let after = |events| settle(&life[..events]).fulfilment;
    assert_eq!(
        [0, 1, 2, 3].map(after),
        [
            Fulfilment::Unfulfilled,
            Fulfilment::Fulfilled,
            Fulfilment::Delivered,
            Fulfilment::Returned
        ]
    );
    assert_eq!(settle(&[told(1, fact(Fulfil, "a", Failed))]).fulfilment, Fulfilment::Unfulfilled);
}

#[test]
fn a_parcel_is_a_part_where_a_snapshot_knows_the_whole() {
    let with = |fulfilment, op| {
        let snapshot = Snapshot { fulfilment: Some(fulfilment), ..snapshot("shop", 1) };
        settle(&[told(1, snapshot), told(2, fact(op, "a", Succeeded))]).fulfilment
    };
    for op in [Fulfil, Deliver, Return] {
        assert_eq!(with(Fulfilment::Unfulfilled, op), Fulfilment::Partial);
        assert_eq!(with(Fulfilment::Fulfilled, op), Fulfilment::Fulfilled);
    }
}

#[test]
fn the_gravest_dispute_leads() {
    let dispute = |id: &str, outcome| -> Fact { fact(Operation::Dispute, id, outcome) };
    let life = [
        told(1, dispute("a", Won)),
        told(2, dispute("b", Requested)),
        told(3, dispute("c", Pending)),
        told(4, dispute("d", Lost)),
    ];
    let after = |events| settle(&life[..events]).dispute;
    assert_eq!([0, 1, 2, 3, 4].map(after), *Dispute::ALL);
    let states = [2, 3, 4].map(|events| settle(&life[..events]).status);
    assert_eq!(states, [Status::Pending, Status::Disputed, Status::ChargedBack]);
}

#[test]
fn a_dispute_may_be_lost_again_after_it_was_won() {
    let dispute =
        |outcome, seconds| told(seconds, fact(Operation::Dispute, "d", outcome).first(seconds));
    let life = [dispute(Pending, 1), dispute(Won, 2), dispute(Lost, 3), dispute(Won, 4)];
    assert_eq!(settle(&life[..3]).dispute, Dispute::Lost);
    assert_eq!(settle(&life).dispute, Dispute::Won);
}

#[test]
fn a_cancelled_order_that_is_paid_shows_its_money() {
    let cancelled = told(1, fact(Cancel, "a", Succeeded));
    let paid = told(2, fact(Capture, "c", Succeeded).usd(5));
    assert_eq!(settle(std::slice::from_ref(&cancelled)).status, Status::Cancelled);
    assert_eq!(settle(&[cancelled, paid]).status, Status::Paid);
}
