"""Webhooks that contradict what stands, or that say nothing of an order; sent when everything else is settled, because
only here may arrival decide: the first stands (DOMAIN.md, section 3)."""

from __future__ import annotations

import json
from collections.abc import Callable

import orders
from expectation import Expectation
from webhook import Webhook

# Webhooks that end some other way than by counting once; each function finds a victim, tells the expectation, and
# returns what must be sent.
Case = Callable[[list[Webhook], Expectation], Webhook]


def all_of(sent: list[Webhook], expected: Expectation) -> list[Webhook]:
    """One webhook of each kind. `sent`: everything that counts so far."""
    return [case(sent, expected) for case in CASES]


def same_key_other_amount(sent: list[Webhook], expected: Expectation) -> Webhook:
    victim = native(sent, "paid", 0)
    return contradiction(Webhook("payments", changed(victim, amount="1.00")), expected)


def same_event_id_other_object(sent: list[Webhook], expected: Expectation) -> Webhook:
    victim = stripe(sent, "payment_intent.succeeded", 0)
    told = json.loads(victim.body)
    told["data"]["object"]["amount_received"] += 1
    return contradiction(Webhook("stripe", json.dumps(told).encode()), expected)


def contradiction(webhook: Webhook, expected: Expectation) -> Webhook:
    """The key is known with another content: the order says so, and nothing else changes."""
    event = webhook.event()
    expected.will_end(event.key, "conflict", marks=orders.merchant_id([event]))
    return webhook


def transaction_of_another_order(sent: list[Webhook], expected: Expectation) -> Webhook:
    """The order that owns the transaction is flagged; the other is not made."""
    victim = native(sent, "paid", 1)
    owner = json.loads(victim.body)["order_uuid"]
    webhook = Webhook("payments", changed(victim, order_uuid="00000000-0000-4000-8000-000000000001", status="refunded"))
    expected.will_end(webhook.event().key, "conflict", marks=owner)
    return webhook


def operators_correction(sent: list[Webhook], expected: Expectation) -> Webhook:
    """Replaces the fact that it corrects: another amount, and no conflict."""
    victim = native(sent, "paid", 2)
    hour_later = json.loads(victim.body)["timestamp"].replace("Z", "-01:00")
    webhook = Webhook("admin", changed(victim, amount="12.34", timestamp=hour_later, webhook_source="payments"))
    expected.will_count([webhook])
    return webhook


def same_event_told_in_other_words(sent: list[Webhook], expected: Expectation) -> Webhook:
    """Stripe counts down its pending webhooks: the same event in other bytes is a duplicate, no contradiction."""
    told = json.loads(stripe(sent, "payment_intent.created", 0).body)
    return Webhook("stripe", json.dumps(told | {"pending_webhooks": 0}).encode())


def authentic_but_unusable(sent: list[Webhook], expected: Expectation) -> Webhook:
    told = json.loads(stripe(sent, "payment_intent.succeeded", 1).body)
    del told["data"]["object"]["amount_received"]
    return other_end(told | {"id": "evt_unusable"}, "dead", expected)


def other_mode(sent: list[Webhook], expected: Expectation) -> Webhook:
    told = json.loads(stripe(sent, "payment_intent.succeeded", 1).body)
    return other_end(told | {"id": "evt_live", "livemode": True}, "ignored", expected)


def nothing_to_do_with_an_order(sent: list[Webhook], expected: Expectation) -> Webhook:
    told = json.loads(stripe(sent, "payment_intent.succeeded", 1).body)
    payout = {"id": "po_1", "object": "payout", "amount": 1}
    told |= {"id": "evt_payout", "type": "payout.paid", "data": {"object": payout}}
    return other_end(told, "ignored", expected)


def other_end(told: dict, verdict: str, expected: Expectation) -> Webhook:
    expected.will_end(("stripe", told["id"]), verdict)
    return Webhook("stripe", json.dumps(told).encode())


CASES: tuple[Case, ...] = (
    same_key_other_amount,
    same_event_id_other_object,
    transaction_of_another_order,
    operators_correction,
    same_event_told_in_other_words,
    authentic_but_unusable,
    other_mode,
    nothing_to_do_with_an_order,
)


def native(sent: list[Webhook], status: str, number: int) -> Webhook:
    return [one for one in sent if one.source == "payments" and f'"{status}"'.encode() in one.body][number]


def stripe(sent: list[Webhook], kind: str, number: int) -> Webhook:
    return [one for one in sent if one.source == "stripe" and f'"{kind}"'.encode() in one.body][number]


def changed(webhook: Webhook, **fields: str) -> bytes:
    return json.dumps(json.loads(webhook.body) | fields).encode()
