"""Reads what payment providers send: Adyen, PayPal, Square, Mollie (PROVIDERS.md, sections 2.7, 2.8, 2.10, 2.11, 3).

Together they are the book `payments`: each sees its own part.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from events import Event, Fact, Hint, Money, Snapshot
from native_events import microseconds
from received import Received
from shop_events import exact, money

ADYEN_DISPUTES = {
    "REQUEST_FOR_INFORMATION": "requested",
    "NOTIFICATION_OF_CHARGEBACK": "pending",
    "CHARGEBACK": "lost",
    "SECOND_CHARGEBACK": "lost",
    "CHARGEBACK_REVERSED": "won",
}
PAYPAL_CAPTURES = {"PENDING": "pending", "COMPLETED": "succeeded", "DECLINED": "failed", "DENIED": "failed"}
PAYPAL_REFUNDS = {"PENDING": "pending", "COMPLETED": "succeeded", "FAILED": "failed", "CANCELLED": "failed"}
SQUARE_PAYMENTS = {
    "PENDING": ("capture", "pending"),
    "APPROVED": ("authorize", "succeeded"),
    "COMPLETED": ("capture", "succeeded"),
    "CANCELED": ("void", "succeeded"),
    "FAILED": ("capture", "failed"),
}
SQUARE_REFUNDS = {"PENDING": "pending", "COMPLETED": "succeeded", "REJECTED": "failed", "FAILED": "failed"}
SQUARE_DISPUTES = {"EVIDENCE_REQUIRED": "pending", "PROCESSING": "pending", "WON": "won", "LOST": "lost"}
MOLLIE_PAYMENTS = {
    "open": ("capture", "pending"),
    "pending": ("capture", "pending"),
    "authorized": ("authorize", "succeeded"),
    "paid": ("capture", "succeeded"),
    "canceled": ("void", "succeeded"),
    "expired": ("expire", "succeeded"),
    "failed": ("capture", "failed"),
}
MOLLIE_REFUNDS = {"queued": "pending", "pending": "pending", "processing": "pending", "refunded": "succeeded"}
MOLLIE_REFUNDS |= {"failed": "failed", "canceled": "failed"}
MOLLIE_DISPUTES = {"received": "lost", "reversed": "won"}


def adyen(received: Received) -> Event:
    """One notification; those of a batch are stored one by one."""
    (told,) = (item["NotificationRequestItem"] for item in json.loads(received.body)["notificationItems"])
    account, psp, succeeded = told["merchantAccountCode"], told["pspReference"], told["success"] == "true"
    payment = told.get("originalReference") or psp
    happened = microseconds(told["eventDate"])
    return Event(
        source=received.source,
        dedup_key=f"{told['eventCode']}:{psp}:{told['success']}",
        trust="fields",
        references=frozenset({f"order:{told['merchantReference']}", f"adyen.payment:{account}:{payment}"}),
        facts=adyen_facts(told, succeeded, f"adyen:{account}:{psp}", f"adyen:{account}:{payment}", happened),
        occurred_at=happened,
    )


def adyen_facts(told: dict, succeeded: bool, op_ref: str, group: str, happened: int) -> tuple[Fact, ...]:
    code, outcome = told["eventCode"], "succeeded" if succeeded else "failed"
    amount = Money(told["amount"]["currency"], told["amount"]["value"])
    if code in ADYEN_DISPUTES:
        return (Fact("dispute", op_ref, ADYEN_DISPUTES[code], group=group, amount=amount, first=happened),)
    match code:
        case "AUTHORISATION" if succeeded:
            return (Fact("authorize", op_ref, group=group, amount=amount),)
        case "AUTHORISATION":
            return (Fact("capture", f"{op_ref}#attempt", "failed", group=group),)
        # Valid is not settled: the capture may fail days later under the same reference.
        case "CAPTURE" | "REFUND":
            return (Fact(code.lower(), op_ref, outcome, group=group, amount=amount),)
        case "CAPTURE_FAILED" | "REFUND_FAILED" | "REFUNDED_REVERSED":
            op = "capture" if code == "CAPTURE_FAILED" else "refund"
            return (Fact(op, op_ref, "failed", group=group, amount=amount),)
        case "CANCELLATION" | "TECHNICAL_CANCEL" if succeeded:
            return (Fact("void", op_ref, group=group),)
    # A cancellation that was refused changes nothing.
    return ()


def paypal(received: Received) -> Event:
    told = exact(received.body)
    resource, kind = told["resource"], told["event_type"]
    names = paypal_names(resource, kind)
    references = {f"paypal.{name}::{id_}" for name, id_ in names.items()}
    unit = (resource.get("purchase_units") or [{}])[0]
    if merchant := resource.get("custom_id") or unit.get("custom_id"):
        references.add(f"order:{merchant}")
    return Event(
        source=received.source,
        dedup_key=told["id"],
        trust="checksum",
        references=frozenset(references),
        facts=paypal_facts(resource, kind, names),
        occurred_at=microseconds(told["create_time"]),
    )


def paypal_names(resource: dict, kind: str) -> dict[str, str]:
    """The order, authorisation and capture that the resource is, builds on, or is about."""
    related = resource.get("supplementary_data", {}).get("related_ids", {})
    names = {"order": related.get("order_id"), "authorization": related.get("authorization_id")}
    if kind.startswith("CHECKOUT.ORDER."):
        names["order"] = resource["id"]
    elif kind.startswith("PAYMENT.AUTHORIZATION."):
        names["authorization"] = resource["id"]
    elif kind.startswith("CUSTOMER.DISPUTE."):
        names["capture"] = resource["disputed_transactions"][0]["seller_transaction_id"]
    elif up := [link["href"] for link in resource.get("links", []) if link["rel"] == "up"]:
        names["capture"] = up[0].rsplit("/", 1)[1]
    else:
        names["capture"] = resource["id"]
    return {name: id_ for name, id_ in names.items() if id_}


def paypal_facts(resource: dict, kind: str, names: dict[str, str]) -> tuple[Fact, ...]:
    def amount(field: str) -> Money:
        return money(resource[field]["value"], resource[field]["currency_code"])

    own, last = f"paypal::{resource.get('id')}", kind.rsplit(".", 1)[1]
    match kind:
        case "CHECKOUT.ORDER.APPROVED":
            # Approved is not paid: the merchant must capture.
            return (Fact("place", own, group=own), Fact("capture", f"{own}#attempt", "requested", group=own))
        case "PAYMENT.AUTHORIZATION.CREATED":
            return (Fact("authorize", own, group=own, amount=amount("amount")),)
        case "PAYMENT.AUTHORIZATION.VOIDED":
            return (Fact("void", own, group=own),)
    if kind.startswith("CUSTOMER.DISPUTE."):
        outcome, op_ref = paypal_dispute(resource), f"paypal::{resource['dispute_id']}"
        told = {"amount": amount("dispute_amount"), "first": microseconds(resource["update_time"])}
        return (Fact("dispute", op_ref, outcome, group=f"paypal::{names['capture']}", **told),)
    if kind == "PAYMENT.CAPTURE.REFUNDED" or kind.startswith("PAYMENT.REFUND."):
        outcome, group = PAYPAL_REFUNDS[resource["status"]], f"paypal::{names['capture']}"
        return (Fact("refund", own, outcome, group=group, amount=amount("amount")),)
    # What is captured of an authorisation belongs to it, and ends with it.
    group = f"paypal::{names.get('authorization', resource['id'])}"
    return (Fact("capture", own, PAYPAL_CAPTURES[last], group=group, amount=amount("amount")),)


def paypal_dispute(resource: dict) -> str:
    if resource["status"] != "RESOLVED":
        return "pending"
    return "lost" if resource["dispute_outcome"]["outcome_code"] in ("RESOLVED_BUYER_FAVOUR", "ACCEPTED") else "won"


def square(received: Received) -> Event:
    told = json.loads(received.body)
    account, kind, (subject,) = told["merchant_id"], told["type"], told["data"]["object"].values()
    payment = subject.get("payment_id") or subject.get("disputed_payment", {}).get("payment_id")
    payment = subject["id"] if kind.startswith("payment.") else payment
    names = {"order": subject.get("order_id"), "payment": payment}
    references = {f"square.{name}:{account}:{id_}" for name, id_ in names.items() if id_}
    if subject.get("order_id"):
        references.add(f"order:{subject['order_id']}")
    said: dict = {}
    if kind.startswith("order."):
        said["snapshot"] = square_order(account, subject)
    else:
        said["facts"] = (square_fact(account, kind, subject, f"square:{account}:{payment}"),)
    happened = microseconds(told["created_at"])
    key = told["event_id"]
    return Event(received.source, key, "body_only", frozenset(references), occurred_at=happened, **said)


def square_order(account: str, subject: dict) -> Snapshot:
    """The order itself comes thin: its version and its state."""
    lifecycle = {"COMPLETED": "closed", "CANCELED": "cancelled"}[subject["state"]]
    name = f"square.order:{account}:{subject['order_id']}"
    return Snapshot(name, "payments", subject["version"], lifecycle=lifecycle)


def square_fact(account: str, kind: str, subject: dict, group: str) -> Fact:
    if kind.startswith("payment."):
        op, outcome = SQUARE_PAYMENTS[subject["status"]]
        paid = None if op == "void" else subject["total_money"]
    elif kind.startswith("refund."):
        op, outcome, paid = "refund", SQUARE_REFUNDS[subject["status"]], subject["amount_money"]
    else:
        op, outcome, paid = "dispute", SQUARE_DISPUTES[subject["state"]], subject["amount_money"]
    amount = paid and Money(paid["currency"], paid["amount"])
    first = microseconds(subject["updated_at"])
    return Fact(op, f"square:{account}:{subject['id']}", outcome, group=group, amount=amount, first=first)


def mollie(received: Received) -> Event:
    told = exact(received.body)
    subject, happened = told["_embedded"]["entity"], microseconds(told["createdAt"])
    kind, last = told["type"].split(".")
    payment = subject["id"] if kind == "payment" else subject["paymentId"]
    references = {f"mollie.payment::{payment}", f"mollie.{kind}::{subject['id']}"}
    if order := (subject["metadata"] or {}).get("order_id"):
        references.add(f"order:{order}")
    own, group = f"mollie::{subject['id']}", f"mollie::{payment}"
    amount = money(subject["amount"]["value"], subject["amount"]["currency"])
    match kind:
        case "payment":
            # Told in all, because captures tell the same money one by one.
            op, outcome = MOLLIE_PAYMENTS[subject["status"]]
            moves = op in ("authorize", "capture")
            told_so = {"amount": amount if moves else None, "cumulative": True, "first": happened}
            fact = Fact(op, own, outcome, group=group, **told_so)
        case "refund":
            fact = Fact("refund", own, MOLLIE_REFUNDS[last], group=group, amount=amount)
        case "chargeback":
            fact = Fact("dispute", own, MOLLIE_DISPUTES[last], group=group, amount=amount, first=happened)
        case "capture":
            fact = Fact("capture", own, last, group=group, amount=amount)
    return Event(received.source, told["id"], "body_only", frozenset(references), (fact,), occurred_at=happened)


def mollie_classic(received: Received) -> Event:
    """The id of a payment and nothing else, from anyone: its provider must be asked."""
    (id_,) = parse_qs(received.body.decode())["id"]
    hint = Hint(f"mollie::{id_}", received.received_at)
    references = frozenset({f"mollie.payment::{id_}"})
    at = received.received_at
    return Event(received.source, received.webhook_id, "unsigned", references, hint=hint, occurred_at=at)
