"""Reads Stripe webhooks (PROVIDERS.md, sections 2.3 and 3)."""

from __future__ import annotations

import json

from events import Event, Fact, Money

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


def read(source: str, body: bytes) -> Event:
    """The event of one Stripe body; one that says nothing about an order has no facts."""
    told = json.loads(body)
    subject = told["data"]["object"]
    return Event(
        source=source,
        dedup_key=told["id"],
        trust="full",
        references=references(told.get("account", ""), subject),
        facts=facts(told["type"], subject, told["created"] * 1_000_000),
    )


def references(account: str, subject: dict) -> frozenset[str]:
    """The merchant's order where the metadata names it, and every payment object around the subject."""
    names = set()
    if order := subject.get("metadata", {}).get("order_id"):
        names.add(f"order:{order}")
    objects = {subject["object"]: subject["id"]}
    objects |= {kind: subject[kind] for kind in ("payment_intent", "charge") if subject.get(kind)}
    if subject.get("latest_charge"):
        objects["charge"] = subject["latest_charge"]
    names |= {f"stripe.{kind}:{account}:{objects[kind]}" for kind in objects if kind in ("payment_intent", "charge")}
    return frozenset(names)


def facts(kind: str, subject: dict, happened: int) -> tuple[Fact, ...]:
    """What one event says. `first` stays 0 where operations only move up in rank: Stripe promises no order."""
    intent = payment_of(subject)
    if subject["object"] == "refund":
        return (refund(subject, intent),)
    if subject["object"] == "dispute":
        return (dispute(subject, intent, happened),)
    if kind in ATTEMPTS:
        return (Fact("capture", f"{intent}#attempt", ATTEMPTS[kind], group=intent, first=happened),)
    match kind:
        case "payment_intent.created":
            return (Fact("place", intent, group=intent),)
        case "payment_intent.amount_capturable_updated":
            return (moved("authorize", intent, intent, money(subject, "amount_capturable")),)
        case "payment_intent.succeeded":
            return (moved("capture", intent, intent, money(subject, "amount_received")),)
        case "charge.captured":
            return (moved("capture", intent, intent, money(subject, "amount_captured")),)
        case "payment_intent.canceled":
            return (Fact("void", intent, group=intent),)
        case "charge.expired":
            return (Fact("expire", intent, group=intent),)
        case "charge.refunded":
            return (moved("refund", subject["id"], intent, money(subject, "amount_refunded")),)
    return ()


def payment_of(subject: dict) -> str:
    """The payment that the subject belongs to: the intent, or the charge where there is none."""
    if subject["object"] == "payment_intent":
        return subject["id"]
    return subject.get("payment_intent") or subject.get("charge") or subject["id"]


def moved(op: str, op_ref: str, intent: str, so_far: Money) -> Fact:
    """Stripe tells the sum of all that was moved so far."""
    return Fact(op, op_ref, group=intent, amount=so_far, cumulative=True)


def refund(subject: dict, intent: str) -> Fact:
    return Fact("refund", subject["id"], REFUNDS[subject["status"]], group=intent, amount=money(subject, "amount"))


def dispute(subject: dict, intent: str, happened: int) -> Fact:
    """A dispute moves back when an appeal is won, so its time comes before its rank."""
    outcome = DISPUTES[subject["status"]]
    return Fact("dispute", subject["id"], outcome, group=intent, amount=money(subject, "amount"), first=happened)


def money(subject: dict, field: str) -> Money:
    """Stripe counts in minor units and writes currencies in lower case."""
    return Money(subject["currency"].upper(), subject[field])
