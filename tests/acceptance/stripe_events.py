"""Reads Stripe webhooks (PROVIDERS.md, sections 2.3 and 3)."""

from __future__ import annotations

import json

from events import Event, Fact, Hint, Money
from native_events import microseconds

# Objects that have a name of their own among an order's references.
NAMED = {"payment_intent": "payment_intent", "charge": "charge", "checkout.session": "checkout_session"}

# What a type says about an attempt to be paid. Each attempt of an intent overwrites the one before it by time, because
# an intent may fail and try again; its success is another operation.
ATTEMPTS = {
    "payment_intent.requires_action": "requested",
    "payment_intent.processing": "pending",
    "charge.pending": "pending",
    "payment_intent.payment_failed": "failed",
    "charge.failed": "failed",
}

REFUNDS = {
    "requires_action": "requested",
    "pending": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "failed",
}

# The dispute's own status decides, never the event's type: the funds are withdrawn when a dispute opens.
DISPUTES = {
    "warning_needs_response": "requested",
    "warning_under_review": "requested",
    "warning_closed": "won",
    "needs_response": "pending",
    "under_review": "pending",
    "won": "won",
    "prevented": "won",
    "lost": "lost",
}


def read(source: str, body: bytes, webhook_id: str = "") -> Event:
    """The event of one Stripe body; one that says nothing about an order has no facts."""
    told = json.loads(body)
    if told["object"] == "v2.core.event":
        return thin(source, told, webhook_id)
    subject, happened = told["data"]["object"], told["created"] * 1_000_000
    account = told.get("account", "")
    return Event(
        source=source,
        dedup_key=told["id"],
        trust="full",
        references=references(account, subject),
        facts=facts(told["type"], Payment(account, subject), happened),
        occurred_at=happened,
    )


def thin(source: str, told: dict, webhook_id: str) -> Event:
    """An event that only names a payment. Each asks for one more look, so it is its own key."""
    related, happened = told["related_object"], microseconds(told["created"])
    account = told.get("context", "")
    if related["type"] not in NAMED:
        return Event(source, told["id"], "full", frozenset(), occurred_at=happened)
    reference = f"stripe.{NAMED[related['type']]}:{account}:{related['id']}"
    hint = Hint(f"stripe:{account}:{related['id']}", happened)
    return Event(source, webhook_id, "full", frozenset({reference}), hint=hint, occurred_at=happened)


def references(account: str, subject: dict) -> frozenset[str]:
    """The merchant's order where the metadata names it, and every payment object around the subject."""
    names = set()
    if order := subject.get("metadata", {}).get("order_id"):
        names.add(f"order:{order}")
    objects = {subject["object"]: subject["id"]}
    objects |= {kind: subject[kind] for kind in ("payment_intent", "charge") if subject.get(kind)}
    if subject.get("latest_charge"):
        objects["charge"] = subject["latest_charge"]
    names |= {f"stripe.{NAMED[kind]}:{account}:{objects[kind]}" for kind in objects if kind in NAMED}
    return frozenset(names)


class Payment:
    """An object, and the payment that it belongs to: the intent, or the charge where there is none, or itself."""

    def __init__(self, account: str, subject: dict) -> None:
        self.account, self.subject = account, subject
        itself = subject["object"] == "payment_intent"
        linked = None if itself else subject.get("payment_intent") or subject.get("charge")
        self.intent = self.named(linked or subject["id"])

    def named(self, id_: str) -> str:
        return f"stripe:{self.account}:{id_}"

    @property
    def own(self) -> str:
        return self.named(self.subject["id"])

    def money(self, field: str) -> Money:
        """Stripe counts in minor units and writes currencies in lower case."""
        return Money(self.subject["currency"].upper(), self.subject[field])

    def moved(self, op: str, field: str, op_ref: str | None = None) -> Fact:
        """Stripe tells the sum of all that was moved so far."""
        return Fact(op, op_ref or self.intent, group=self.intent, amount=self.money(field), cumulative=True)

    def attempt(self, outcome: str, happened: int) -> Fact:
        return Fact("capture", f"{self.intent}#attempt", outcome, group=self.intent, first=happened)


def facts(kind: str, payment: Payment, happened: int) -> tuple[Fact, ...]:
    """What one event says. `first` stays 0 where operations only move up in rank: Stripe promises no order."""
    subject = payment.subject
    if subject["object"] == "refund":
        outcome, amount = REFUNDS[subject["status"]], payment.money("amount")
        return (Fact("refund", payment.own, outcome, group=payment.intent, amount=amount),)
    if subject["object"] == "dispute":
        # A dispute moves back when an appeal is won, so its time comes before its rank.
        outcome, amount = DISPUTES[subject["status"]], payment.money("amount")
        return (Fact("dispute", payment.own, outcome, group=payment.intent, amount=amount, first=happened),)
    if kind in ATTEMPTS:
        return (payment.attempt(ATTEMPTS[kind], happened),)
    match kind:
        case "payment_intent.created":
            return (Fact("place", payment.intent, group=payment.intent),)
        case "payment_intent.amount_capturable_updated":
            return (payment.moved("authorize", "amount_capturable"),)
        case "payment_intent.succeeded":
            return (payment.moved("capture", "amount_received"),)
        case "charge.succeeded" if not subject["captured"]:
            return (payment.moved("authorize", "amount"),)
        case "charge.succeeded" | "charge.captured":
            return (payment.moved("capture", "amount_captured"),)
        case "payment_intent.canceled":
            return (Fact("void", payment.intent, group=payment.intent),)
        case "charge.expired":
            return (Fact("expire", payment.own, group=payment.intent),)
        case "charge.refunded":
            return (payment.moved("refund", "amount_refunded", payment.own),)
        case "checkout.session.completed" if subject["payment_status"] == "unpaid":
            return (payment.attempt("pending", happened),)
        case "checkout.session.completed" | "checkout.session.async_payment_succeeded":
            return (payment.moved("capture", "amount_total"),)
    return ()
