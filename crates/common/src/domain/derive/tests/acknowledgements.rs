//! What an operator has seen raises its flag no more; what comes after does.

use crate::domain::sample::{event, fact, fold, hint, money, permutations, snapshot, usd};
use crate::domain::{
    CanonicalEvent, Effect, Facts, Flag, Lifecycle, Operation, Outcome, Told, Trust,
};
use crate::domain::{Snapshot, sample};

use Operation::{Cancel, Capture, Place, Refund};
use Outcome::{Failed, Succeeded};

fn told(number: i64, effect: impl Into<Effect>) -> CanonicalEvent {
    event(&number.to_string(), number, effect)
}

/// What raises a flag after `before`, which is then acknowledged; `later` comes after it, and the flag is raised again
/// or not. The same in whatever order everything is joined.
#[track_caller]
fn check(flag: Flag, before: &[CanonicalEvent], (later, again): (CanonicalEvent, bool)) {
    let facts = fold(before);
    assert!(facts.derive().flags.contains(&flag), "{flag} was raised before");
    let mut seen = Facts::default();
    seen.acknowledge(flag, facts.open_causes(flag));
    let told = |event: &CanonicalEvent| Facts::of(&Told::from(event));
    let quiet = sample::joined(facts, &seen);
    let parts: Vec<Facts> = before
        .iter()
        .chain([&later])
        .map(told)
        .chain([seen])
        .collect();
    assert!(!quiet.derive().flags.contains(&flag), "{flag} is seen");
    assert!(quiet.open_causes(flag).is_empty());
    let expected = parts.iter().fold(Facts::default(), sample::joined);
    assert_eq!(expected.derive().flags.contains(&flag), again, "{:?}", expected.open_causes(flag));
    for order in permutations(&parts) {
        assert_eq!(order.iter().fold(Facts::default(), sample::joined), expected);
    }
}

#[test]
fn a_contradiction_that_was_seen_comes_back_with_another_amount_only() {
    let capture =
        |number, minor| told(number, fact(Capture, "c", Succeeded).usd(minor).first(number));
    let life = [capture(1, 5), capture(2, 6)];
    check(Flag::Conflict, &life, (capture(3, 6), false));
    check(Flag::Conflict, &life, (told(3, fact(Refund, "r", Succeeded).usd(1)), false));
    check(Flag::Conflict, &life, (capture(3, 7), true));
}

#[test]
fn a_mark_that_was_seen_leaves_the_next_one_to_be_told() {
    let mut facts = Facts::default();
    facts.mark_conflict("payments", "e:1");
    facts.acknowledge(Flag::Conflict, ["event payments e:1".to_owned()]);
    assert_eq!(facts.derive().flags, []);
    facts.mark_conflict("payments", "e:1");
    assert_eq!(facts.derive().flags, []);
    facts.mark_conflict("payments", "e:2");
    assert_eq!(facts.derive().flags, [Flag::Conflict]);
    assert_eq!(facts.open_causes(Flag::Conflict), ["event payments e:2".to_owned()].into());
}

#[test]
fn another_currency_that_was_seen_comes_back_with_another_operation_only() {
    let euros =
        |number, op_ref| told(number, fact(Capture, op_ref, Succeeded).amount(money(5, "EUR")));
    let life = [told(1, fact(Place, "o", Succeeded).usd(9)), euros(2, "c")];
    check(Flag::CurrencyMismatch, &life, (euros(3, "c"), false));
    check(Flag::CurrencyMismatch, &life, (euros(3, "d"), true));
    let shop = Snapshot { captured: Some(money(5, "EUR")), ..snapshot("shop", 3) };
    check(Flag::CurrencyMismatch, &[life[0].clone(), told(2, shop)], (euros(3, "d"), true));
}

#[test]
fn a_hint_that_was_seen_comes_back_with_a_later_one_only() {
    let life = [told(5, hint("tr_1", 5))];
    check(Flag::NeedsFetch, &life, (told(4, hint("tr_1", 4)), false));
    check(Flag::NeedsFetch, &life, (told(6, hint("tr_1", 6)), true));
    check(Flag::NeedsFetch, &life, (told(5, hint("tr_2", 5)), true));
}

#[test]
fn money_that_was_seen_comes_back_with_other_money_only() {
    let life = [
        told(1, fact(Place, "o", Succeeded).usd(5)),
        told(2, fact(Capture, "c", Succeeded).usd(8)),
    ];
    let refund = |minor| told(3, fact(Refund, "r", Succeeded).usd(minor));
    check(Flag::Overpaid, &life, (told(3, fact(Refund, "r", Failed).usd(3)), false));
    check(Flag::Overpaid, &life, (refund(3), false));
    check(Flag::Overpaid, &life, (refund(1), true));
    check(Flag::Overpaid, &life, (told(3, fact(Capture, "d", Succeeded).usd(1)), true));
    let gone = [told(1, fact(Cancel, "o", Succeeded)), life[1].clone()];
    check(Flag::PaidAfterCancel, &gone, (told(3, hint("x", 3)), false));
    check(Flag::PaidAfterCancel, &gone, (refund(1), true));
}

#[test]
fn a_weak_word_that_was_seen_comes_back_with_another_one_only() {
    let weak = |number, effect: Effect| told(number, effect).trust(Trust::Checksum);
    let capture = |number, minor| weak(number, fact(Capture, "c", Succeeded).usd(minor).into());
    check(Flag::Untrusted, &[capture(1, 5)], (capture(2, 5), false));
    check(Flag::Untrusted, &[capture(1, 5)], (capture(2, 6), true));
    let nothing = weak(1, fact(Capture, "d", Failed).into());
    check(Flag::Untrusted, &[nothing], (capture(2, 6), true));
    let shop = |seconds, total| {
        let lifecycle = Some(Lifecycle::Closed);
        weak(seconds, Snapshot { total: Some(usd(total)), lifecycle, ..snapshot("shop", 3) }.into())
    };
    check(Flag::Untrusted, &[shop(3, 5)], (shop(4, 5), false));
    check(Flag::Untrusted, &[shop(3, 5)], (shop(4, 6), true));
}

#[test]
fn nothing_raises_a_flag_that_is_not_raised() {
    let facts = fold(&[told(1, fact(Capture, "c", Succeeded).usd(5))]);
    for flag in Flag::ALL {
        assert!(facts.open_causes(*flag).is_empty(), "{flag}");
    }
}
