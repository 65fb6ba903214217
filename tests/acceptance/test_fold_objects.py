"""The reference fold against states worked out by hand: snapshots, hints, several books, and who is believed."""

from __future__ import annotations

import unittest
from random import Random

import orders
from events import Event, Fact, Hint, Money, Snapshot
from fold import OrderState, fold

ORDER = frozenset({"order:1"})


def usd(minor: int) -> Money:
    return Money("USD", minor)


def shop(key: str, first: int, trust: str = "body_only", **registers: object) -> Event:
    return Event("shop", key, trust, ORDER, snapshot=Snapshot("shop:1", "shop", first, **registers), occurred_at=first)


def told(key: str, *facts: Fact, at: int = 0, trust: str = "full") -> Event:
    return Event("stripe", key, trust, ORDER, facts, occurred_at=at)


def captured(minor: int, book: str = "payments", op_ref: str = "pi", **more: object) -> Fact:
    return Fact("capture", op_ref, book=book, amount=usd(minor), **more)


def refund(minor: int, outcome: str = "succeeded", book: str = "payments", op_ref: str = "re") -> Fact:
    return Fact("refund", op_ref, outcome, book, "pi", usd(minor))


class ObjectsTest(unittest.TestCase):
    def check(self, *events: Event, **expected: object) -> None:
        reached: set[OrderState] = {fold(Random(seed).sample(events, len(events))) for seed in range(20)}
        self.assertEqual(len(reached), 1)
        state = reached.pop()
        self.assertEqual({name: getattr(state, name) for name in expected}, expected)

    def test_each_register_of_a_snapshot_goes_by_its_own_time(self) -> None:
        older = shop("a", 1, payment="paid", total=usd(900), fulfilment="fulfilled")
        newer = shop("b", 2, payment="unpaid", total=usd(800))
        self.check(older, newer, payment="unpaid", total=800, captured=0, fulfilment="fulfilled")

    def test_words_of_one_time_go_by_their_rank(self) -> None:
        self.check(shop("a", 1, payment="refunded"), shop("b", 1, payment="paid"), payment="refunded")

    def test_a_word_without_an_amount_claims_the_total(self) -> None:
        self.check(shop("a", 1, payment="paid", total=usd(900)), status="paid", captured=900)
        self.check(shop("a", 1, payment="refunded", total=usd(900)), status="refunded", captured=900, refunded=900)
        self.check(shop("a", 1, payment="paid"), status="paid", captured=0, total=None)

    def test_the_greater_book_counts_and_never_the_sum(self) -> None:
        both = (told("a", captured(900)), shop("b", 1, payment="paid", total=usd(900)))
        self.check(*both, captured=900, payment="paid", flags=())
        self.check(told("a", captured(400)), told("b", captured(500, "shop", "t")), captured=500)

    def test_a_shop_does_not_hear_of_a_refund_that_failed(self) -> None:
        paid = told("a", captured(900))
        self.check(paid, told("b", refund(300, "failed")), shop("c", 1, refunded=usd(300)), refunded=0, status="paid")
        self.check(
            paid,
            told("b", refund(300, "failed")),
            told("c", refund(300, book="shop", op_ref="t")),
            refunded=0,
            status="paid",
        )

    def test_one_parcel_is_a_part_where_the_shop_speaks_of_fulfilment(self) -> None:
        parcel = told("a", Fact("fulfil", "p", book="shop"))
        self.check(parcel, fulfilment="fulfilled")
        self.check(parcel, shop("b", 1, fulfilment="unfulfilled"), fulfilment="partial")

    def test_a_deletion_has_no_time_and_a_later_word_lifts_it(self) -> None:
        deleted = shop("a", 0, deleted=True)
        self.check(deleted, lifecycle="deleted", status="cancelled")
        self.check(deleted, shop("b", 5, deleted=False), lifecycle="open", status="pending")
        self.check(deleted, told("b", captured(900)), flags=("paid_after_cancel",))

    def test_a_cumulative_word_keeps_the_delta_beside_it(self) -> None:
        payment = captured(900, cumulative=True, first=5)
        self.check(told("a", payment), told("b", captured(300, op_ref="cpt", group="pi")), captured=900)
        self.check(told("a", refund(300)), told("b", Fact("refund", "re", "failed", group="pi")), refunded=0)

    def test_a_hint_asks_until_something_later_is_known(self) -> None:
        hint = Event("classic", "h", "unsigned", ORDER, hint=Hint("pi", 5), occurred_at=5)
        self.check(hint, flags=("needs_fetch",), status="pending")
        self.check(hint, told("a", captured(900), at=4), flags=("needs_fetch",))
        self.check(hint, told("a", captured(900), at=5), flags=())
        self.check(hint, told("a", captured(900, op_ref="pi#attempt"), at=5), flags=())
        self.check(hint, told("a", refund(1), at=5), flags=())
        self.check(hint, told("a", captured(900, op_ref="other"), at=5), flags=("needs_fetch",))

    def test_whoever_could_be_anyone_is_not_trusted(self) -> None:
        doubtful = told("a", captured(900), trust="checksum")
        self.check(doubtful, flags=("untrusted",))
        self.check(doubtful, told("b", captured(900), trust="full"), flags=())
        self.check(shop("a", 1, "unsigned", payment="paid"), flags=("untrusted",))

    def test_a_snapshots_currency_comes_last_but_its_total_first(self) -> None:
        yen = Fact("capture", "pi", amount=Money("JPY", 900))
        self.check(told("a", yen), shop("b", 1, refunded=usd(1)), currency="JPY", flags=("currency_mismatch",))
        self.check(told("a", yen), shop("b", 1, total=usd(9)), currency="USD", captured=0, total=9)

    def test_an_order_that_the_merchant_never_named_goes_by_its_first_name(self) -> None:
        event = Event("classic", "h", "unsigned", frozenset({"b.payment::2", "a.payment::1"}), hint=Hint("x", 1))
        self.assertEqual(list(orders.gather([event])), ["a.payment::1"])


if __name__ == "__main__":
    unittest.main()
