//! Books, groups, currencies, totals.

use super::settle;
use crate::domain::sample::{event, fact, fold, money, snapshot, usd};
use crate::domain::{
    CanonicalEvent, Fact, Flag, INTEGER_MAX, Operation, Outcome, Payment, Snapshot, Status,
};

use Operation::{Authorize, Capture, Place, Refund};
use Outcome::{Failed, Lost, Pending, Succeeded, Won};

const SHOP: &str = "shopify.order:shop:1";

fn shop(seconds: i64, payment: Payment) -> Snapshot {
    Snapshot { payment: Some(payment), total: Some(usd(10_000)), ..snapshot(SHOP, seconds) }
}

fn retold(key: &str, fact: Fact) -> CanonicalEvent {
    event(key, 1, fact.book(SHOP)).sent_by("shop")
}

#[test]
fn a_shop_retells_what_the_payment_provider_said_and_the_greater_book_counts() {
    let life = [
        event("1", 1, fact(Capture, "stripe:pi", Succeeded).cumulative(10_000)),
        event(
            "2",
            2,
            fact(Refund, "stripe:re", Succeeded)
                .usd(2_500)
                .group("stripe:pi"),
        ),
        event("3", 3, shop(3, Payment::PartiallyRefunded)).sent_by("shop"),
        retold("4", fact(Capture, "shop:t1", Succeeded).usd(10_000)),
        retold("5", fact(Refund, "shop:t2", Succeeded).usd(2_500)),
    ];
    let state = settle(&life);
    assert_eq!((state.captured, state.refunded), (10_000, 2_500));
    assert_eq!(state.payment, Payment::PartiallyRefunded);
}

#[test]
fn a_shop_does_not_hear_that_a_refund_failed() {
    let life = [
        event("1", 1, fact(Capture, "stripe:pi", Succeeded).cumulative(10_000)),
        event(
            "2",
            2,
            fact(Refund, "stripe:re", Failed)
                .usd(2_500)
                .group("stripe:pi"),
        ),
        event("3", 3, shop(3, Payment::PartiallyRefunded)).sent_by("shop"),
        retold("4", fact(Refund, "shop:t2", Succeeded).usd(2_500)),
    ];
    let state = settle(&life);
    assert_eq!((state.refunded, state.payment), (0, Payment::Paid));
}

#[test]
fn within_a_book_groups_add_up_and_within_a_group_the_greater_telling_counts() {
    let life = [
        event("1", 1, fact(Capture, "a1", Succeeded).usd(1_000).group("a")),
        event("2", 2, fact(Capture, "a2", Succeeded).usd(2_000).group("a")),
        event("3", 3, fact(Capture, "a", Succeeded).cumulative(2_500)),
        event("4", 4, fact(Capture, "b", Succeeded).cumulative(700)),
        event("5", 5, fact(Capture, "b1", Succeeded).usd(500).group("b")),
    ];
    assert_eq!(settle(&life).captured, 3_700);
}

#[test]
fn authorisations_and_disputes_count_by_group_and_book_too() {
    let life = [
        event("1", 1, fact(Authorize, "a", Succeeded).cumulative(5_000)),
        event("2", 2, fact(Authorize, "b", Succeeded).usd(1_000)),
        retold("3", fact(Authorize, "t", Succeeded).usd(5_500)),
        event("4", 4, fact(Operation::Dispute, "d1", Pending).usd(300).group("a")),
        event(
            "5",
            5,
            fact(Operation::Dispute, "a#reversal", Lost)
                .cumulative(400)
                .group("a"),
        ),
    ];
    let state = settle(&life);
    assert_eq!((state.authorized, state.disputed), (6_000, 400));
}

#[test]
fn a_dispute_that_was_won_disputes_no_money() {
    let lost = fact(Operation::Dispute, "d", Lost).cumulative(400);
    let won = fact(Operation::Dispute, "d", Won).first(1);
    assert_eq!(settle(&[event("1", 1, lost), event("2", 2, won)]).disputed, 0);
}

#[test]
fn a_cumulative_refund_is_less_what_failed_and_never_below_nothing() {
    let refunded = event("1", 1, fact(Refund, "ch", Succeeded).cumulative(3_000).group("pi"));
    let failed =
        |key: &str, id: &str, minor| event(key, 2, fact(Refund, id, Failed).usd(minor).group("pi"));
    let one = [refunded.clone(), failed("2", "re_1", 1_000)];
    assert_eq!(settle(&one).refunded, 2_000);
    let more = [refunded, failed("2", "re_1", 1_000), failed("3", "re_2", 5_000)];
    assert_eq!(settle(&more).refunded, 0);
}

#[test]
fn a_statement_without_amount_takes_nothing_from_the_amount_told() {
    let told = event("1", 1, fact(Capture, "t", Succeeded).usd(500));
    let silent = event("2", 2, fact(Capture, "t", Succeeded).first(9));
    assert_eq!(settle(&[told, silent]).captured, 500);
}

#[test]
fn words_of_a_shop_claim_the_total_where_it_states_no_amount() {
    let claimed = |payment| {
        let state = settle(&[event("1", 1, shop(1, payment))]);
        (state.captured, state.refunded, state.payment)
    };
    assert_eq!(claimed(Payment::Paid), (10_000, 0, Payment::Paid));
    assert_eq!(claimed(Payment::Overpaid), (10_000, 0, Payment::Overpaid));
    assert_eq!(claimed(Payment::PartiallyRefunded), (10_000, 0, Payment::PartiallyRefunded));
    assert_eq!(claimed(Payment::Refunded), (10_000, 10_000, Payment::Refunded));
    assert_eq!(claimed(Payment::PartiallyPaid), (0, 0, Payment::PartiallyPaid));
    assert_eq!(claimed(Payment::Voided), (0, 0, Payment::Voided));
    let stated = Snapshot { captured: Some(usd(4_000)), ..shop(1, Payment::Paid) };
    let state = settle(&[event("1", 1, stated)]);
    assert_eq!((state.captured, state.payment), (4_000, Payment::PartiallyPaid));
}

#[test]
fn the_total_is_the_merchants_greatest() {
    let life = [
        event("1", 1, fact(Place, "stripe:pi", Succeeded)),
        event("2", 2, fact(Place, "native:payments:A", Succeeded).usd(9_000)),
        event("3", 3, shop(3, Payment::Unpaid)),
    ];
    assert_eq!(settle(&life[..1]).total, None);
    assert_eq!(settle(&life[..2]).total, Some(9_000));
    assert_eq!(settle(&life).total, Some(10_000));
}

#[test]
fn the_currency_is_that_of_the_first_pool_that_has_one() {
    let in_currency = |op, outcome, code: &str| {
        event(code, 1, fact(op, &format!("{op}{code}"), outcome).amount(money(100, code)))
    };
    let pools = [
        in_currency(Place, Succeeded, "ZAR"),
        in_currency(Capture, Pending, "USD"),
        in_currency(Authorize, Succeeded, "SEK"),
        in_currency(Refund, Failed, "JPY"),
        in_currency(Operation::Dispute, Pending, "EUR"),
        event("s", 1, Snapshot { captured: Some(money(100, "CHF")), ..snapshot(SHOP, 1) }),
    ];
    let codes: Vec<&str> = (0..pools.len())
        .map(|from| {
            let currency = fold(&pools[from..]).derive().currency;
            currency.unwrap().code()
        })
        .collect();
    // Refunds and disputes are one pool, in which the alphabetically first counts.
    assert_eq!(codes, ["ZAR", "USD", "SEK", "EUR", "EUR", "CHF"]);
    let none = settle(&[in_currency(Capture, Failed, "USD")]);
    assert_eq!((none.currency, none.flags.len()), (None, 0));
}

#[test]
fn other_currencies_are_kept_and_told_but_never_summed() {
    let life = [
        event("1", 1, fact(Capture, "a", Succeeded).usd(100)),
        event("2", 1, fact(Capture, "b", Succeeded).amount(money(900, "EUR"))),
        event("3", 1, fact(Operation::Fulfil, "c", Succeeded).amount(money(900, "JPY"))),
    ];
    let state = settle(&life);
    assert_eq!((state.currency.unwrap().code(), state.captured), ("EUR", 900));
    assert_eq!(state.flags, [Flag::CurrencyMismatch]);
    // What comes with a parcel is no money of the order.
    let state = settle(&[life[0].clone(), life[2].clone()]);
    assert_eq!((state.captured, state.flags), (100, vec![]));
}

#[test]
fn sums_are_capped_at_what_a_column_holds() {
    let greatest = |key: &str| event(key, 1, fact(Capture, key, Succeeded).usd(INTEGER_MAX));
    let state = settle(&[greatest("1"), greatest("2"), greatest("3")]);
    assert_eq!((state.captured, state.status), (INTEGER_MAX, Status::Paid));
}
