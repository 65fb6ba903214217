"""The reference fold against states worked out by hand, whatever the order of arrival."""

from __future__ import annotations

import unittest
from itertools import islice, permutations
from random import Random

import native_life
import orders
import stripe_life
from fold import OrderState, fold
from lives import load
from webhook import Webhook

ORDER = "550e8400-e29b-41d4-a716-446655440000"
START = 1_767_268_680_000_000


def states(webhooks: list[Webhook]) -> set[OrderState]:
    """What arrives at the end over many orders of arrival, each with one webhook told twice."""
    events = [webhook.event() for webhook in webhooks]
    shuffled = Random(7)
    orders_of_arrival = list(islice(permutations(events), 720))
    orders_of_arrival += [shuffled.sample(events, len(events)) for _ in range(50)]
    return {fold([*order, order[0]]) for order in orders_of_arrival}


class FoldTest(unittest.TestCase):
    def check(self, webhooks: list[Webhook], **expected: object) -> None:
        reached = states(webhooks)
        self.assertEqual(len(reached), 1)
        state = reached.pop()
        self.assertEqual({name: getattr(state, name) for name in expected}, expected)

    def stripe(self, life: str, **expected: object) -> None:
        self.check(list(stripe_life.life(life, ORDER, "e", START, FixedRandom())), **expected)

    def native(self, life: str, **expected: object) -> None:
        self.check(list(native_life.life(life, ORDER, "e", START, FixedRandom())), **expected)

    def test_stripe_lives_end_as_stripe_means_them(self) -> None:
        self.stripe("automatic", status="paid", captured=9000, currency="USD", total=None, lifecycle="open")
        self.stripe("yen", status="paid", captured=9000, currency="JPY")
        self.stripe("authorized", status="authorized", authorized=9000, captured=0)
        self.stripe("captured_and_part_refunded", status="partially_refunded", captured=9000, refunded=3000)
        self.stripe("captured_in_part", status="paid", captured=4500, authorized=9000)
        self.stripe("refund_failed", status="paid", captured=9000, refunded=0)
        self.stripe("two_refunds_in_one_second", status="refunded", captured=9000, refunded=9000)
        self.stripe("dispute_opened", status="disputed", dispute="open", disputed=9000)
        self.stripe("dispute_won", status="paid", dispute="won", disputed=0)
        self.stripe("dispute_lost", status="charged_back", dispute="lost", disputed=9000)
        self.stripe("inquiry", status="paid", dispute="inquiry", disputed=0)
        self.stripe("failed_then_paid", status="paid", captured=9000)
        self.stripe("only_failed", status="failed", captured=0, currency=None)
        self.stripe("requires_action", status="requires_action", payment="requires_action")
        self.stripe("voided", status="cancelled", payment="voided", authorized=0, lifecycle="open")
        self.stripe("expired", status="expired", payment="voided", authorized=0, lifecycle="open")

    def test_native_lives_end_as_their_last_word_says(self) -> None:
        self.native("placed, paid, delivered", status="completed", total=9000, captured=9000, fulfilment="delivered")
        self.native("declined, paid with another card", status="paid", captured=9000)
        self.native("authorized, cancelled", status="cancelled", payment="voided", lifecycle="cancelled", authorized=0)
        self.native("only failed", status="failed", currency=None)
        self.native("expired", status="expired", lifecycle="expired", payment="unpaid")
        self.native("paid in parts", status="paid", total=18000, captured=18000)
        self.native("part paid", status="partially_paid", total=27000, captured=9000)
        self.native("overpaid", status="paid", payment="overpaid", flags=("overpaid",), captured=13501)
        self.native("refunded in parts", status="refunded", refunded=18000, fulfilment="returned")
        self.native("refund failed", status="paid", refunded=0, captured=18000)
        self.native("dispute won", status="paid", dispute="won")
        self.native("charged back", status="charged_back", lifecycle="closed", fulfilment="fulfilled")
        self.native("paid after it was cancelled", status="paid", flags=("paid_after_cancel",))

    def test_money_of_another_currency_is_kept_and_not_summed(self) -> None:
        two = [*stripe_life.life("automatic", ORDER, "a", START, FixedRandom())]
        two += stripe_life.life("yen", ORDER, "b", START, FixedRandom())
        state = fold(webhook.event() for webhook in two)
        self.assertEqual((state.currency, state.captured, state.flags), ("JPY", 9000, ("currency_mismatch",)))

    def test_two_amounts_for_one_outcome_are_a_conflict_unless_an_operator_corrects(self) -> None:
        told = [native_life.webhook(ORDER, "t", "paid", minor, START + minor, Random(1)) for minor in (100, 200)]
        self.assertEqual(fold(webhook.event() for webhook in told).flags, ("conflict",))
        correction = Webhook("admin", told[1].body.replace(b'"metadata"', b'"webhook_source": "payments", "metadata"'))
        corrected = fold([told[0].event(), correction.event()])
        self.assertEqual((corrected.captured, corrected.flags), (200, ()))

    def test_a_refund_joins_the_order_that_its_charge_leads_to(self) -> None:
        webhooks = list(stripe_life.life("refund_failed", ORDER, "e", START, FixedRandom()))
        events = [webhook.event() for webhook in reversed(webhooks)]
        self.assertEqual([len(found) for found in orders.gather(events).values()], [len(webhooks)])

    def test_every_order_of_the_load_has_one_state(self) -> None:
        webhooks = load(60, 16, START, Random(3))
        gathered = orders.gather(webhook.event() for webhook in webhooks)
        self.assertEqual(len(gathered), 60)
        for events in gathered.values():
            expected = fold(events)
            for seed in range(5):
                self.assertEqual(fold(Random(seed).sample(events, len(events))), expected)


class FixedRandom(Random):
    """Amounts of 90.00 and clocks that move as slowly as they may."""

    def randint(self, a: int, b: int) -> int:
        return 9_000

    def choice(self, seq):
        return seq[0] if not isinstance(seq[0], str) else super().choice(seq)


if __name__ == "__main__":
    unittest.main()
