"""Reads payloads in nobody's format: Standard Webhooks, CloudEvents and GitHub's kind (PROVIDERS.md, 2.2, 2.12, 2.13).

They speak the vocabulary of the native format: the last word of a type is a status (DOMAIN.md, section 3).
"""

from __future__ import annotations

from events import Event, Fact, Money
from native_events import FACTS, microseconds
from received import Received
from shop_events import exact, money


def standard(received: Received) -> Event:
    told, key = exact(received.body), received.headers["webhook-id"]
    data = told["data"]
    # A whole number counts minor units.
    amount = Money(data["currency"], data["amount"])
    said = Said("standard", received.source, told["type"], microseconds(told["timestamp"]))
    return said.event(key, "full", data["order_id"], operation(data), amount)


def cloudevents(received: Received) -> Event:
    attributes, data = cloudevent(received)
    said = Said("cloudevents", received.source, attributes["type"], microseconds(attributes["time"]))
    amount = money(data["amount"], data["currency"])
    key = f"{attributes['source']} {attributes['id']}"
    return said.event(key, "bearer", data["order_id"], operation(data), amount)


def cloudevent(received: Received) -> tuple[dict, dict]:
    """Attributes and data, wherever they stand: in headers, in one object, or as one event of a batch."""
    told, kind = exact(received.body), received.headers["content-type"].lower()
    if kind.startswith("application/cloudevents-batch"):
        (told,) = told
    elif not kind.startswith("application/cloudevents"):
        return {name: received.headers[f"ce-{name}"] for name in ("id", "source", "type", "time")}, told
    return told, told["data"]


def generic(received: Received) -> Event:
    told = exact(received.body)
    order = told["order"]
    said = Said("generic", received.source, told["action"], microseconds(order["updated_at"]))
    named = (told.get("payment") or told["refund"])["id"]
    key = received.headers["x-github-delivery"]
    return said.event(key, "body_only", order["id"], str(named), money(order["total"], order["currency"]))


def operation(data: dict) -> str:
    return next(data[key] for key in ("refund_id", "dispute_id", "payment_id") if key in data)


class Said:
    """A status of the native vocabulary, said by a source of such a provider."""

    def __init__(self, provider: str, source: str, kind: str, happened: int) -> None:
        self.provider, self.source, self.happened = provider, source, happened
        self.status = kind.rsplit(".", 1)[-1]

    def event(self, key: str, trust: str, order: str, named: str, amount: Money) -> Event:
        scope = f"{self.provider}:{self.source}"
        references = frozenset({f"order:{order}", f"{self.provider}.operation:{self.source}:{named}"})
        facts = tuple(
            Fact(
                op=op,
                op_ref=f"{scope}:{named}",
                outcome=outcome,
                group=None if op == "expire" else scope,
                amount=amount,
                partial=self.status == "partially_paid",
                first=self.happened,
            )
            for op, outcome in FACTS[self.status]
        )
        return Event(self.source, key, trust, references, facts, occurred_at=self.happened)
