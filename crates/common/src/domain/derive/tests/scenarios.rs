//! The thirteen lives of DOMAIN.md, section 1, as the providers tell them (PROVIDERS.md, section 3).

use super::settle;
use crate::domain::sample::{event, fact};
use crate::domain::{CanonicalEvent, Dispute, Effect, Fact, Operation, Outcome, Status};

use Operation::{Authorize, Capture, Place, Refund, Void};
use Outcome::{Failed, Pending, Requested, Succeeded};

const INTENT: &str = "stripe:acct:pi_1";

#[track_caller]
fn check(life: &[CanonicalEvent], expected: (Status, i64)) {
    let state = settle(life);
    assert_eq!((state.status, state.captured - state.refunded), expected);
    assert!(state.flags.is_empty(), "{:?}", state.flags);
}

/// The payment intent is placed without a total; the merchant's own order is placed with it.
fn intent_created(seconds: i64) -> CanonicalEvent {
    event("evt_created", seconds, fact(Place, INTENT, Succeeded).group(INTENT))
}

fn attempt(key: &str, seconds: i64, outcome: Outcome) -> CanonicalEvent {
    let attempt = fact(Capture, &format!("{INTENT}#attempt"), outcome)
        .group(INTENT)
        .first(seconds);
    event(key, seconds, attempt)
}

fn capturable(seconds: i64) -> CanonicalEvent {
    let authorized = fact(Authorize, INTENT, Succeeded)
        .cumulative(9_999)
        .group(INTENT);
    event("evt_capturable", seconds, authorized)
}

fn intent_succeeded(seconds: i64) -> CanonicalEvent {
    event("evt_succeeded", seconds, received())
}

/// One operation told twice: by the intent and by its charge.
fn charge_captured(seconds: i64) -> CanonicalEvent {
    event("evt_charge", seconds, received())
}

fn received() -> Fact {
    fact(Capture, INTENT, Succeeded)
        .cumulative(9_999)
        .group(INTENT)
}

fn refund(key: &str, seconds: i64, id: &str, outcome: Outcome) -> CanonicalEvent {
    let refund = fact(Refund, &format!("stripe:acct:{id}"), outcome)
        .usd(2_500)
        .group(INTENT);
    event(key, seconds, refund)
}

fn charge_refunded(key: &str, seconds: i64, amount_refunded: i64) -> CanonicalEvent {
    let refunded = fact(Refund, "stripe:acct:ch_1", Succeeded)
        .cumulative(amount_refunded)
        .group(INTENT);
    event(key, seconds, refunded)
}

fn dispute(key: &str, seconds: i64, outcome: Outcome) -> CanonicalEvent {
    let dispute = fact(Operation::Dispute, "stripe:acct:dp_1", outcome)
        .usd(9_999)
        .group(INTENT)
        .first(seconds);
    event(key, seconds, dispute)
}

fn adyen(key: &str, seconds: i64, fact: Fact) -> CanonicalEvent {
    event(key, seconds, fact.group("adyen:merchant:psp_1")).sent_by("adyen")
}

fn paypal(key: &str, seconds: i64, fact: Fact) -> CanonicalEvent {
    event(key, seconds, fact.group("paypal::capture_1")).sent_by("paypal")
}

fn native(key: &str, seconds: i64, fact: Fact) -> CanonicalEvent {
    event(key, seconds, fact.group("native:payments").first(seconds)).sent_by("payments")
}

fn placed(seconds: i64, total: i64) -> CanonicalEvent {
    native("placed", seconds, fact(Place, "native:payments:O", Succeeded).usd(total))
}

#[test]
fn stripe_captures_automatically() {
    let life = [
        placed(0, 9_999),
        intent_created(1),
        attempt("evt_processing", 2, Pending),
        intent_succeeded(3),
        charge_captured(3),
    ];
    check(&life, (Status::Paid, 9_999));
}

#[test]
fn stripe_authorises_captures_and_refunds_a_part() {
    let life = [
        intent_created(1),
        capturable(2),
        intent_succeeded(3),
        refund("evt_refund", 4, "re_1", Succeeded),
        charge_refunded("evt_refunded", 4, 2_500),
    ];
    check(&life, (Status::PartiallyRefunded, 7_499));
}

#[test]
fn stripe_fails_a_refund_that_had_succeeded() {
    let life = [
        intent_created(1),
        intent_succeeded(2),
        charge_refunded("evt_refunded", 3, 2_500),
        refund("evt_refund", 3, "re_1", Succeeded),
        refund("evt_failed", 9, "re_1", Failed),
    ];
    check(&life, (Status::Paid, 9_999));
}

#[test]
fn stripe_refunds_twice_in_one_second() {
    let life = [
        intent_succeeded(2),
        refund("evt_refund_1", 3, "re_1", Succeeded),
        refund("evt_refund_2", 3, "re_2", Succeeded),
        charge_refunded("evt_refunded_1", 3, 2_500),
        charge_refunded("evt_refunded_2", 3, 5_000),
    ];
    check(&life, (Status::PartiallyRefunded, 4_999));
}

#[test]
fn stripe_wins_a_dispute() {
    let life = [
        intent_succeeded(2),
        dispute("evt_opened", 3, Pending),
        dispute("evt_won", 9, Outcome::Won),
    ];
    check(&life[..2], (Status::Disputed, 9_999));
    check(&life, (Status::Paid, 9_999));
    assert_eq!(settle(&life).dispute, Dispute::Won);
    assert_eq!((settle(&life[..2]).disputed, settle(&life).disputed), (9_999, 0));
}

#[test]
fn stripe_loses_a_dispute() {
    let life = [
        intent_created(1),
        intent_succeeded(2),
        dispute("evt_inquiry", 3, Requested),
        dispute("evt_opened", 4, Pending),
        dispute("evt_lost", 9, Outcome::Lost),
    ];
    check(&life[..3], (Status::Paid, 9_999));
    check(&life, (Status::ChargedBack, 9_999));
    assert_eq!(settle(&life).disputed, 9_999);
}

#[test]
fn stripe_fails_and_is_tried_again() {
    let life = [
        intent_created(1),
        attempt("evt_failed", 2, Failed),
        attempt("evt_action", 3, Requested),
        attempt("evt_processing", 4, Pending),
        intent_succeeded(5),
    ];
    check(&life[..2], (Status::Failed, 0));
    check(&life[..3], (Status::RequiresAction, 0));
    check(&life[..4], (Status::Processing, 0));
    check(&life, (Status::Paid, 9_999));
}

#[test]
fn adyen_fails_a_capture_days_later() {
    let life = [
        adyen("AUTHORISATION", 1, fact(Authorize, "adyen:merchant:psp_1", Succeeded).usd(9_999)),
        adyen("CAPTURE", 2, fact(Capture, "adyen:merchant:psp_2", Succeeded).usd(9_999)),
        adyen("CAPTURE_FAILED", 9, fact(Capture, "adyen:merchant:psp_2", Failed).usd(9_999)),
    ];
    check(&life[..2], (Status::Paid, 9_999));
    check(&life, (Status::Authorized, 0));
}

#[test]
fn adyen_fails_a_refund() {
    let life = [
        adyen("AUTHORISATION", 1, fact(Authorize, "adyen:merchant:psp_1", Succeeded).usd(9_999)),
        adyen("CAPTURE", 2, fact(Capture, "adyen:merchant:psp_2", Succeeded).usd(9_999)),
        adyen("REFUND", 3, fact(Refund, "adyen:merchant:psp_3", Succeeded).usd(9_999)),
        adyen("REFUND_FAILED", 9, fact(Refund, "adyen:merchant:psp_3", Failed).usd(9_999)),
    ];
    check(&life[..3], (Status::Refunded, 0));
    check(&life, (Status::Paid, 9_999));
}

#[test]
fn adyen_refuses_a_cancellation_and_captures() {
    let refused = Effect::Ignored { reason: "a cancellation that was refused".into() };
    let life = [
        adyen("AUTHORISATION", 1, fact(Authorize, "adyen:merchant:psp_1", Succeeded).usd(9_999)),
        event("CANCELLATION", 2, refused).sent_by("adyen"),
        adyen("CAPTURE", 3, fact(Capture, "adyen:merchant:psp_3", Succeeded).usd(9_999)),
    ];
    check(&life[..2], (Status::Authorized, 0));
    check(&life, (Status::Paid, 9_999));
}

#[test]
fn paypal_authorises_captures_and_refunds() {
    let life = [
        paypal("WH-1", 1, fact(Place, "paypal::order_1", Succeeded)),
        paypal("WH-2", 2, fact(Authorize, "paypal::auth_1", Succeeded).usd(9_999)),
        paypal("WH-3", 3, fact(Capture, "paypal::capture_1", Pending).usd(9_999)),
        paypal("WH-4", 4, fact(Capture, "paypal::capture_1", Succeeded).usd(9_999)),
        paypal("WH-5", 5, fact(Refund, "paypal::refund_1", Succeeded).usd(9_999)),
    ];
    check(&life[..4], (Status::Paid, 9_999));
    check(&life, (Status::Refunded, 0));
}

#[test]
fn two_captures_pay_one_order() {
    let life = [
        placed(1, 10_000),
        native(
            "1",
            2,
            fact(Capture, "native:payments:T-1", Succeeded)
                .usd(4_000)
                .partial(),
        ),
        native("2", 3, fact(Capture, "native:payments:T-2", Succeeded).usd(6_000)),
    ];
    check(&life[..2], (Status::PartiallyPaid, 4_000));
    check(&life, (Status::Paid, 10_000));
}

#[test]
fn a_void_ends_an_authorisation() {
    let life = [
        intent_created(1),
        attempt("evt_processing", 2, Pending),
        capturable(3),
        event("evt_canceled", 4, fact(Void, INTENT, Succeeded).group(INTENT)),
    ];
    check(&life[..3], (Status::Authorized, 0));
    check(&life, (Status::Cancelled, 0));
    assert_eq!(settle(&life).authorized, 0);
}
