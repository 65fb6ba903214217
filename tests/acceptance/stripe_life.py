"""Lives of Stripe payments: the events of one payment intent, in the order in which they happened."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random

from webhook import Webhook


class Payment:
    """A payment intent with its charge, refunds and dispute, and what Stripe says about them.

    Only the intent and its charge carry the merchant's order. A refund and a dispute name the charge, as in real life.
    """

    def __init__(self, order: str, episode: str, created: int, random: Random) -> None:
        self.order, self.episode, self.random = order, episode, random
        self.clock = created
        self.events = 0
        self.currency = "usd"
        self.amount = random.randint(300, 90_000)
        self.intent, self.charge = f"pi_{episode}", f"ch_{episode}"

    def tell(self, kind: str, subject: dict) -> Webhook:
        """One event. The clock often stands still: Stripe's events share seconds."""
        self.clock += self.random.choice((0, 0, 1, 30))
        self.events += 1
        event = {
            "id": f"evt_{self.episode}_{self.events}",
            "object": "event",
            "api_version": "2025-09-30.clover",
            "created": self.clock,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
            "data": {"object": subject},
        }
        return Webhook("stripe", json.dumps(event, separators=(",", ":")).encode())

    def intent_event(self, name: str, status: str, capturable: int = 0, received: int = 0) -> Webhook:
        return self.tell(f"payment_intent.{name}", {
            "id": self.intent, "object": "payment_intent", "amount": self.amount, "amount_capturable": capturable,
            "amount_received": received, "currency": self.currency, "status": status,
            "latest_charge": None if name == "created" else self.charge, "metadata": {"order_id": self.order},
        })  # fmt: skip

    def charge_event(self, name: str, captured: int = 0, refunded: int = 0, status: str = "succeeded") -> Webhook:
        return self.tell(f"charge.{name}", {
            "id": self.charge, "object": "charge", "amount": self.amount, "amount_captured": captured,
            "amount_refunded": refunded, "captured": captured > 0, "refunded": refunded == self.amount,
            "currency": self.currency, "payment_intent": self.intent, "status": status,
            "metadata": {"order_id": self.order},
        })  # fmt: skip

    def refund_event(self, name: str, number: int, amount: int, status: str) -> Webhook:
        kind = "charge.refund.updated" if name == "charge.updated" else f"refund.{name}"
        return self.tell(kind, {
            "id": f"re_{self.episode}_{number}", "object": "refund", "amount": amount, "charge": self.charge,
            "payment_intent": self.intent, "currency": self.currency, "status": status, "metadata": {},
        })  # fmt: skip

    def dispute_event(self, name: str, status: str) -> Webhook:
        # A dispute moves back and forth by time, so its steps never share a second here.
        self.clock += 60
        return self.tell(f"charge.dispute.{name}", {
            "id": f"dp_{self.episode}", "object": "dispute", "amount": self.amount, "charge": self.charge,
            "payment_intent": self.intent, "currency": self.currency, "status": status, "reason": "fraudulent",
            "metadata": {},
        })  # fmt: skip


def automatic(payment: Payment) -> Iterator[Webhook]:
    yield payment.intent_event("created", "requires_payment_method")
    yield payment.intent_event("processing", "processing")
    yield payment.intent_event("succeeded", "succeeded", received=payment.amount)


def yen(payment: Payment) -> Iterator[Webhook]:
    """A currency without minor units."""
    payment.currency = "jpy"
    yield from automatic(payment)


def authorized(payment: Payment) -> Iterator[Webhook]:
    yield payment.intent_event("created", "requires_payment_method")
    yield payment.intent_event("amount_capturable_updated", "requires_capture", capturable=payment.amount)


def captured_and_part_refunded(payment: Payment) -> Iterator[Webhook]:
    part = payment.amount // 3
    yield from authorized(payment)
    yield payment.charge_event("captured", captured=payment.amount)
    yield payment.intent_event("succeeded", "succeeded", received=payment.amount)
    yield payment.refund_event("created", 1, part, "pending")
    yield payment.charge_event("refunded", captured=payment.amount, refunded=part)
    yield payment.refund_event("updated", 1, part, "succeeded")


def captured_in_part(payment: Payment) -> Iterator[Webhook]:
    part = payment.amount // 2
    yield from authorized(payment)
    yield payment.charge_event("captured", captured=part)
    yield payment.intent_event("succeeded", "succeeded", received=part)


def refund_failed(payment: Payment) -> Iterator[Webhook]:
    part = payment.amount // 4
    yield from automatic(payment)
    yield payment.refund_event("created", 1, part, "pending")
    yield payment.charge_event("refunded", captured=payment.amount, refunded=part)
    yield payment.refund_event("updated", 1, part, "succeeded")
    yield payment.refund_event("failed", 1, part, "failed")


def two_refunds_in_one_second(payment: Payment) -> Iterator[Webhook]:
    first, second = payment.amount // 3, payment.amount - payment.amount // 3
    yield from automatic(payment)
    yield payment.refund_event("created", 1, first, "succeeded")
    yield payment.refund_event("created", 2, second, "pending")
    yield payment.charge_event("refunded", captured=payment.amount, refunded=first)
    yield payment.charge_event("refunded", captured=payment.amount, refunded=first + second)
    yield payment.refund_event("charge.updated", 2, second, "succeeded")


def dispute_opened(payment: Payment) -> Iterator[Webhook]:
    yield from automatic(payment)
    yield payment.dispute_event("created", "needs_response")
    yield payment.dispute_event("funds_withdrawn", "needs_response")
    yield payment.dispute_event("updated", "under_review")


def dispute_won(payment: Payment) -> Iterator[Webhook]:
    yield from dispute_opened(payment)
    yield payment.dispute_event("funds_reinstated", "won")
    yield payment.dispute_event("closed", "won")


def dispute_lost(payment: Payment) -> Iterator[Webhook]:
    yield from dispute_opened(payment)
    yield payment.dispute_event("closed", "lost")


def inquiry(payment: Payment) -> Iterator[Webhook]:
    yield from automatic(payment)
    yield payment.dispute_event("created", "warning_needs_response")


def failed_then_paid(payment: Payment) -> Iterator[Webhook]:
    yield payment.intent_event("created", "requires_payment_method")
    yield payment.intent_event("payment_failed", "requires_payment_method")
    yield payment.charge_event("failed", status="failed")
    payment.clock += 60
    yield payment.intent_event("requires_action", "requires_action")
    yield payment.intent_event("succeeded", "succeeded", received=payment.amount)


def only_failed(payment: Payment) -> Iterator[Webhook]:
    yield payment.intent_event("created", "requires_payment_method")
    yield payment.intent_event("processing", "processing")
    payment.clock += 60
    yield payment.intent_event("payment_failed", "requires_payment_method")


def requires_action(payment: Payment) -> Iterator[Webhook]:
    yield payment.intent_event("created", "requires_payment_method")
    yield payment.intent_event("requires_action", "requires_action")


def voided(payment: Payment) -> Iterator[Webhook]:
    yield from authorized(payment)
    yield payment.intent_event("canceled", "canceled")


def expired(payment: Payment) -> Iterator[Webhook]:
    yield from authorized(payment)
    yield payment.charge_event("expired")


LIVES: dict[str, Callable[[Payment], Iterator[Webhook]]] = {
    life.__name__: life
    for life in (
        automatic, yen, authorized, captured_and_part_refunded, captured_in_part, refund_failed,
        two_refunds_in_one_second, dispute_opened, dispute_won, dispute_lost, inquiry, failed_then_paid, only_failed,
        requires_action, voided, expired,
    )
}  # fmt: skip


def life(name: str, order: str, episode: str, start: int, random: Random) -> Iterator[Webhook]:
    """The webhooks of one payment. `start` is in microseconds since 1970."""
    return LIVES[name](Payment(order, episode, start // 1_000_000, random))
