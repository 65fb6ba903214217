"""Reads what shops send: Shopify, WooCommerce, Lightspeed C and X (PROVIDERS.md, sections 2.4 to 2.6, 2.9 and 3).

A shop sees the whole order, and is a book of its own. What only says nothing yet (open, unfulfilled) is left out.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from urllib.parse import parse_qs

from events import Event, Fact, Money, Snapshot
from native_events import microseconds, minor_units
from received import Received

SHOPIFY_PAYMENT = {
    "pending": "unpaid",
    "authorized": "authorized",
    "partially_paid": "partially_paid",
    "paid": "paid",
    "partially_refunded": "partially_refunded",
    "refunded": "refunded",
    "voided": "voided",
    "expired": "voided",
}
SHOPIFY_FULFILMENT = {"partial": "partial", "fulfilled": "fulfilled", "restocked": "returned"}
SHOPIFY_OPERATIONS = {"authorization": "authorize", "sale": "capture", "capture": "capture", "void": "void"}
SHOPIFY_OPERATIONS |= {"refund": "refund"}
SHOPIFY_OUTCOMES = {"success": "succeeded", "failure": "failed", "error": "failed", "pending": "pending"}
SHOPIFY_DISPUTES = {
    "needs_response": "pending",
    "under_review": "pending",
    "won": "won",
    "charge_refunded": "won",
    "lost": "lost",
    "accepted": "lost",
}
WOO_PAYMENT = {
    "pending": "unpaid",
    "on-hold": "processing",
    "processing": "paid",
    "completed": "paid",
    "refunded": "refunded",
    "failed": "failed",
}
C_PAYMENT = {"not_paid": "unpaid", "partially_paid": "partially_paid", "paid": "paid", "cancelled": "voided"}
C_FULFILMENT = {"partially_shipped": "partial", "shipped": "fulfilled"}


def exact(text: str | bytes) -> dict:
    """JSON in which no amount has gone through a float."""
    return json.loads(text, parse_float=Decimal)


def money(amount: str | int | Decimal, currency: str) -> Money:
    return Money(currency, minor_units(Decimal(amount), currency))


def total_of(amounts: list[Money]) -> Money | None:
    return Money(amounts[0].currency, sum(amount.minor for amount in amounts)) if amounts else None


def shopify(received: Received) -> Event:
    told, topic = exact(received.body), received.headers["x-shopify-topic"]
    order = told["id"] if topic.startswith("orders/") else told["order_id"]
    references = frozenset({f"order:{order}", f"shopify.order::{order}"})
    times = [told[key] for key in ("updated_at", "processed_at", "created_at") if told.get(key)]
    happened = microseconds(times[0]) if times else received.received_at
    said: dict = {}
    if topic.startswith("orders/"):
        said["snapshot"] = shopify_order(told)
    elif topic == "order_transactions/create":
        said["facts"] = (shopify_transaction(told),)
    elif topic == "refunds/create":
        moved = [one for one in told["transactions"] if (one["kind"], one["status"]) == ("refund", "success")]
        said["facts"] = tuple(map(shopify_transaction, moved))
    elif topic.startswith("fulfillments/"):
        parcel = f"shopify::{told['id']}"
        facts = [Fact("fulfil", parcel, SHOPIFY_OUTCOMES[told["status"]], "shopify")]
        if told.get("shipment_status") == "delivered":
            facts.append(Fact("deliver", parcel, "succeeded", "shopify"))
        said["facts"] = tuple(facts)
    elif topic.startswith("disputes/"):
        said["facts"] = (shopify_dispute(told),)
    key = received.headers["x-shopify-webhook-id"]
    return Event(received.source, key, "body_only", references, occurred_at=happened, **said)


def shopify_order(told: dict) -> Snapshot:
    currency = told["currency"]
    lifecycle = "cancelled" if told["cancelled_at"] else "closed" if told["closed_at"] else None
    moved = [one for refund in told["refunds"] for one in refund["transactions"]]
    back = [money(one["amount"], currency) for one in moved if (one["kind"], one["status"]) == ("refund", "success")]
    return Snapshot(
        object=f"shopify.order::{told['id']}",
        book="shopify",
        first=microseconds(told["updated_at"]),
        lifecycle=lifecycle,
        payment=SHOPIFY_PAYMENT[told["financial_status"]],
        fulfilment=SHOPIFY_FULFILMENT.get(told["fulfillment_status"]),
        total=money(told["total_price"], currency),
        refunded=total_of(back),
    )


def shopify_transaction(told: dict) -> Fact:
    """Its group is the transaction that it builds on."""
    return Fact(
        op=SHOPIFY_OPERATIONS[told["kind"]],
        op_ref=f"shopify::{told['id']}",
        outcome=SHOPIFY_OUTCOMES[told["status"]],
        book="shopify",
        group=f"shopify::{told.get('parent_id') or told['id']}",
        amount=money(told["amount"], told["currency"]),
    )


def shopify_dispute(told: dict) -> Fact:
    outcome = SHOPIFY_DISPUTES[told["status"]]
    return Fact(
        op="dispute",
        op_ref=f"shopify::{told['id']}",
        outcome="requested" if outcome == "pending" and told["type"] == "inquiry" else outcome,
        book="shopify",
        amount=money(told["amount"], told["currency"]),
        first=microseconds(told["finalized_on"] or told["initiated_at"]),
    )


def woocommerce(received: Received) -> Event:
    told = exact(received.body)
    modified = microseconds(told["date_modified_gmt"] + "Z")
    status, currency = told["status"], told["currency"]
    name = f"woocommerce.order:{received.source}:{told['id']}"
    snapshot = Snapshot(
        object=name,
        book="woocommerce",
        first=modified,
        lifecycle={"completed": "closed", "cancelled": "cancelled"}.get(status),
        payment=WOO_PAYMENT.get(status),
        fulfilment="fulfilled" if status == "completed" else None,
        total=money(told["total"], currency),
        refunded=total_of([money(refund["total"].lstrip("-"), currency) for refund in told["refunds"]]),
    )
    key = f"{hashlib.sha256(received.body).hexdigest()}:{told['id']}"
    references = frozenset({f"order:{told['id']}", name})
    return Event(received.source, key, "body_only", references, snapshot=snapshot, occurred_at=modified)


def lightspeed_c(received: Received) -> Event:
    told = exact(received.body)["order"]
    updated, name = microseconds(told["updatedAt"]), f"lightspeed-c.order:{received.source}:{told['id']}"
    closed = "closed" if told["status"].startswith("completed") else None
    snapshot = Snapshot(
        object=name,
        book="lightspeed-c",
        first=updated,
        lifecycle="cancelled" if told["status"] == "cancelled" else closed,
        payment=C_PAYMENT.get(told["paymentStatus"]),
        fulfilment=C_FULFILMENT.get(told["shipmentStatus"]),
        # The currency is the shop's: its orders name none.
        total=money(told["priceIncl"], "USD"),
    )
    key = hashlib.sha256(received.body).hexdigest()
    references = frozenset({f"order:{told['id']}", name})
    return Event(received.source, key, "body_only", references, snapshot=snapshot, occurred_at=updated)


def lightspeed_x(received: Received) -> Event:
    form = parse_qs(received.body.decode())
    told, account = exact(form["payload"][0]), form["domain_prefix"][0]
    updated = microseconds(told["updated_at"].replace(" ", "T") + "Z")
    name = f"lightspeed-x.sale:{account}:{told['id']}"
    paid = total_of([money(payment["amount"], "USD") for payment in told["register_sale_payments"]])
    totals = told["totals"]
    snapshot = Snapshot(
        object=name,
        book="lightspeed-x",
        first=told["version"],
        total=total_of([money(totals[key], "USD") for key in ("total_price", "total_tax")]),
        **lightspeed_x_state(told["status"], paid),
    )
    key = f"{told['id']}:{told['version']}"
    references = frozenset({f"order:{told['id']}", name})
    return Event(received.source, key, "body_only", references, snapshot=snapshot, occurred_at=updated)


def lightspeed_x_state(status: str, paid: Money | None) -> dict:
    """A sale that is saved or voided lists payments too, of which nothing was captured."""
    match status:
        case "SAVED":
            # What only says nothing yet is left out.
            return {"payment": "unpaid"}
        case "ONACCOUNT" | "LAYBY":
            return {"payment": "partially_paid" if paid and paid.minor else "authorized", "captured": paid}
        case "CLOSED" | "ONACCOUNT_CLOSED" | "LAYBY_CLOSED":
            return {"payment": "paid", "captured": paid, "lifecycle": "closed"}
        case "VOIDED":
            return {"payment": "voided", "captured": Money("USD", 0), "lifecycle": "cancelled"}
    raise ValueError(status)
