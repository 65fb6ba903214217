//! What people should look at.

use super::settle;
use crate::domain::sample::{event, fact, fold, hint, snapshot, usd};
use crate::domain::{
    ADMIN, CanonicalEvent, Effect, Flag, Operation, Outcome, Payment, Snapshot, Trust,
};

use Operation::{Cancel, Capture, Place, Refund};
use Outcome::{Failed, Pending, Succeeded};

fn told(number: i64, effect: impl Into<Effect>) -> CanonicalEvent {
    event(&number.to_string(), number, effect)
}

#[test]
fn money_kept_by_a_cancelled_order_is_told() {
    let life = [
        told(1, fact(Cancel, "o", Succeeded)),
        told(2, fact(Capture, "c", Succeeded).usd(5)),
        told(3, fact(Refund, "r", Succeeded).usd(5)),
    ];
    assert_eq!(settle(&life[..2]).flags, [Flag::PaidAfterCancel]);
    assert_eq!(settle(&life).flags, []);
}

#[test]
fn more_than_the_total_is_told_until_it_goes_back() {
    let life = [
        told(1, fact(Place, "o", Succeeded).usd(5)),
        told(2, fact(Capture, "c", Succeeded).usd(8)),
        told(3, fact(Refund, "r", Succeeded).usd(3)),
    ];
    assert_eq!(settle(&life[..2]).flags, [Flag::Overpaid]);
    assert_eq!(settle(&life).flags, []);
}

#[test]
fn two_amounts_of_one_operation_contradict_whichever_came_first() {
    let one = told(1, fact(Capture, "c", Succeeded).usd(5).first(1));
    let other = told(2, fact(Capture, "c", Succeeded).usd(6).first(2));
    let state = settle(&[one.clone(), other]);
    assert_eq!((state.captured, state.flags), (6, vec![Flag::Conflict]));
    // What was expected and what came are two statements, not a contradiction.
    let expected = told(3, fact(Capture, "c", Pending).usd(4).first(1));
    assert_eq!(settle(&[one, expected]).flags, []);
}

#[test]
fn a_correction_replaces_and_contradicts_nothing() {
    let wrong = told(1, fact(Capture, "c", Succeeded).usd(5).first(1));
    let right = told(2, fact(Capture, "c", Succeeded).usd(6).first(2)).sent_by(ADMIN);
    let state = settle(&[wrong, right]);
    assert_eq!((state.captured, state.flags), (6, vec![]));
}

#[test]
fn a_marked_conflict_stays() {
    let mut facts = fold(&[told(1, fact(Capture, "c", Succeeded).usd(5))]);
    assert!(facts.mark_conflict("payments", "e:1"));
    assert!(!facts.mark_conflict("payments", "e:1"));
    assert_eq!(facts.derive().flags, [Flag::Conflict]);
}

#[test]
fn a_hint_asks_for_a_fetch_until_something_newer_is_known() {
    let asked = told(5, hint("tr_1", 5));
    let known = |seconds| told(seconds, fact(Capture, "tr_1", Succeeded).usd(5));
    let attempt = told(6, fact(Capture, "tr_1#attempt", Failed));
    let grouped = told(6, fact(Refund, "re_1", Pending).group("tr_1"));
    let unrelated = told(6, fact(Capture, "tr_12", Failed));
    let stated = told(6, Snapshot { payment: Some(Payment::Unpaid), ..snapshot("tr_1", 6) });
    let flags = |other: CanonicalEvent| settle(&[asked.clone(), other]).flags;
    assert_eq!(flags(known(4)), [Flag::NeedsFetch]);
    assert_eq!(flags(unrelated), [Flag::NeedsFetch]);
    for newer in [known(5), known(6), attempt, grouped, stated] {
        assert_eq!(flags(newer), []);
    }
}

#[test]
fn only_what_stands_makes_an_order_untrusted() {
    let unsigned = told(1, fact(Capture, "c", Succeeded).usd(5)).trust(Trust::Checksum);
    let confirmed = told(2, fact(Capture, "c", Succeeded).usd(5));
    assert_eq!(settle(std::slice::from_ref(&unsigned)).flags, [Flag::Untrusted]);
    assert_eq!(settle(&[unsigned, confirmed]).flags, []);
    let register = Snapshot { total: Some(usd(5)), ..snapshot("shop", 1) };
    assert_eq!(settle(&[told(1, register).trust(Trust::Unsigned)]).flags, [Flag::Untrusted]);
}
