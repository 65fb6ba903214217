"""Authentic Stripe events that cannot be understood. Their sender is told 202, or it would repeat them for days; they
end `dead` with a reason, where operators see them, and nobody falls over them (DESIGN.md, section 3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import UUID

from sender import Sent
from system import System
from webhook import Webhook

EVENT = {
    "id": "evt_hostile", "object": "event", "type": "payment_intent.succeeded", "created": 1_767_268_680,
    "livemode": False, "data": {},
}  # fmt: skip
SUBJECT = {
    "id": "pi_hostile", "object": "payment_intent", "amount_received": 100, "currency": "usd",
    "metadata": {"order_id": "hostile"},
}  # fmt: skip


def webhooks() -> list[Webhook]:
    return [Webhook("stripe", body.encode()) for body in bodies()]


def bodies() -> Iterator[str]:
    yield from ("null", "[]", '"event"', "{}")
    for number, fields in enumerate(wrong_events()):
        event = EVENT | {"id": f"evt_hostile_event_{number}", "data": {"object": SUBJECT}} | fields
        yield json.dumps(event)
    for number, fields in enumerate(wrong_subjects()):
        event = EVENT | {"id": f"evt_hostile_subject_{number}", "data": {"object": SUBJECT | fields}}
        yield json.dumps(event).replace('"1e400"', "1e400")


def wrong_events() -> Iterator[dict]:
    yield from ({"id": None}, {"id": 5}, {"id": "evt\0"}, {"id": "e" * 10_240}, {"id": "evt\r\nx"}, {"id": ""})
    yield from ({"created": None}, {"created": 1.5}, {"created": -1}, {"created": 10**30}, {"created": "now"})
    yield from ({"type": None}, {"type": 5}, {"type": ""})
    yield from ({"data": None}, {"data": {}}, {"data": {"object": 5}}, {"data": {"object": {}}})


def wrong_subjects() -> Iterator[dict]:
    yield from ({"id": None}, {"id": 5}, {"id": "pi\0"}, {"id": "p" * 10_240})
    for amount in (None, 1.5, -5, 2**63, 2**53, "100", "1e400", True, {}):
        yield {"amount_received": amount}
    for currency in (None, "zzz", "", 5, "usd\0"):
        yield {"currency": currency}
    for order in ("a\0b", "a\r\nb", "a" * 10_240, {}, []):
        yield {"metadata": {"order_id": order}}


def faults(system: System, sent: Sent) -> Iterator[str]:
    """Each was accepted and is dead, with a reason and its whole message kept."""
    query = """SELECT w.verdict, w.reason, w.last_error, w.body, d.message IS NOT NULL AS kept
               FROM webhooks w LEFT JOIN dead_letters d ON d.webhook_id = w.id WHERE w.id = %s"""
    for answer in sent.answers:
        body = answer.webhook.body
        if answer.response.status != 202:
            yield f"{body[:150]!r} was answered {answer.response.status}"
            continue
        rows = system.rows(query, UUID(answer.response.json()["webhook_log_id"]))
        if len(rows) != 1 or rows[0]["verdict"] != "dead" or not rows[0]["reason"] or not rows[0]["kept"]:
            yield f"{body[:250]!r} is {[{**row, 'body': None} for row in rows]}"
        elif bytes(rows[0]["body"]) != body:
            yield f"{body[:150]!r} was kept as {bytes(rows[0]['body'])[:150]!r}"
