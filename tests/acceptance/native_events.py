"""Reads native webhooks (DOMAIN.md, section 3, «Native status → facts»)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

from events import EXPONENTS, Event, Fact, Money, NotUnderstood

# status → its facts, as (operation, outcome).
FACTS = {
    "placed": [("place", "succeeded")],
    "created": [("place", "succeeded")],
    "pending": [("capture", "pending")],
    "processing": [("capture", "pending")],
    "requires_action": [("capture", "requested")],
    "authorized": [("authorize", "succeeded")],
    "paid": [("capture", "succeeded")],
    "success": [("capture", "succeeded")],
    "completed": [("capture", "succeeded"), ("close", "succeeded")],
    "partially_paid": [("capture", "succeeded")],
    "failed": [("capture", "failed")],
    "declined": [("capture", "failed")],
    "cancelled": [("void", "succeeded"), ("cancel", "succeeded")],
    "voided": [("void", "succeeded"), ("cancel", "succeeded")],
    "expired": [("expire", "succeeded")],
    "refunded": [("refund", "succeeded")],
    "partially_refunded": [("refund", "succeeded")],
    "disputed": [("dispute", "pending")],
    "charged_back": [("dispute", "lost")],
    "shipped": [("fulfil", "succeeded")],
    "delivered": [("deliver", "succeeded")],
    "returned": [("return", "succeeded")],
    "dispute_won": [("dispute", "won")],
    "refund_failed": [("refund", "failed")],
}

# Operations that a payment's void can end, and the void itself: only they belong to the source's payments. An expiry
# stays without a group, because in the native format it is the order that expires.
OF_THE_SOURCES_PAYMENTS = {"authorize", "capture", "void"}


def read(source: str, body: bytes) -> Event:
    """The event of one native body."""
    told = json.loads(body, parse_float=Decimal, parse_int=Decimal)
    if told["status"] not in FACTS:
        raise NotUnderstood(told["status"])
    scope = scope_of(source, told)
    happened = microseconds(told["timestamp"])
    currency = told.get("metadata", {}).get("currency", "USD")
    amount = Money(currency, minor_units(told["amount"], currency))
    facts = tuple(
        Fact(
            op=op,
            op_ref=f"{scope}:{told['txn_id']}",
            outcome=outcome,
            group=scope if op in OF_THE_SOURCES_PAYMENTS else None,
            amount=amount,
            partial=told["status"] == "partially_paid",
            first=happened,
        )
        for op, outcome in FACTS[told["status"]]
    )
    order = told["order_uuid"].lower()
    references = frozenset({f"order:{order}", f"native.transaction:{scope}:{told['txn_id']}"})
    return Event(source, dedup_key(told, happened), "bearer", references, facts, occurred_at=happened)


def scope_of(source: str, told: dict) -> str:
    """Whose transactions these are: an operator's correction speaks for the source that it names."""
    return told.get("webhook_source", source) if source == "admin" else source


def dedup_key(told: dict, happened: int) -> str:
    """The sender's own event id, or else what makes a statement about a transaction the same statement."""
    if "event_id" in told:
        return f"e:{told['event_id']}"
    return f"t:{told['txn_id']}:{told['status']}:{rfc3339(happened)}"


def minor_units(amount: Decimal | str, currency: str) -> int:
    """Exact or not at all: an amount is never rounded."""
    scaled = Decimal(amount).scaleb(EXPONENTS[currency])
    if scaled != scaled.to_integral_value():
        raise NotUnderstood(f"{amount} {currency}")
    return int(scaled)


def microseconds(timestamp: str) -> int:
    """Since 1970, without a float on the way."""
    since = datetime.fromisoformat(timestamp) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def rfc3339(micros: int) -> str:
    """UTC with exactly six decimals, as keys and hashed records write a time."""
    seconds, rest = divmod(micros, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:06d}Z"
