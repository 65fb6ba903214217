"""Reads an audit trail back into events (docs/AUDIT.md, sections 2 and 3), so that each of its steps can be folded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from events import Event, Fact, Money
from fold import fold
from trail import Row

Trails = Mapping[UUID, Sequence[Row]]


def faults(trails: Trails, told: Mapping[tuple[str, str], Event]) -> Iterator[str]:
    """Rows that say something else than their webhook did, and steps to another status than the fold's.

    `told`: what the webhooks said, by their key.
    """
    for order_id, rows in trails.items():
        events: list[Event] = []
        contradicted = False
        for row in rows:
            where = f"order {order_id}, seq {row['seq']}"
            if row["kind"] == "absorbed":
                break
            contradicted |= row["verdict"] == "conflict"
            new = added(row, trails)
            events += new
            # An absorbed order's rows are compared on its own trail; what conflicts was not sent to count.
            compared = [event for event in new if row["kind"] == "event" and event.key in told]
            for event in compared:
                if meaning(event) != meaning(told[event.key]):
                    yield f"{where}: tells {meaning(event)}, the webhook {meaning(told[event.key])}"
            status = fold(events, contradicted=contradicted).status
            if row["to_status"] != status:
                yield f"{where}: to_status is {row['to_status']}, the fold says {status}"


def added(row: Row, trails: Trails) -> list[Event]:
    """What the row adds to the fold: its event, or all that the absorbed order knew."""
    if row["kind"] == "absorb":
        absorbed = trails.get(UUID(row["effect"]["order_id"]), [])
        return [event for inner in absorbed if inner["kind"] != "absorbed" for event in added(inner, trails)]
    return [event_of(row)] if row["verdict"] in ("applied", "no_change") else []


def event_of(row: Row) -> Event:
    references = frozenset(reference["ref"] for reference in row["order_refs"])
    facts = tuple(fact_of(fact) for fact in row["effect"].get("facts", []))
    return Event(row["source"], row["dedup_key"], row["trust"], references, facts)


def fact_of(told: Mapping) -> Fact:
    amount = told.get("amount")
    return Fact(
        op=told["op"],
        op_ref=told["op_ref"],
        outcome=told["outcome"],
        book=told["book"],
        group=told.get("group"),
        amount=Money(amount["currency"], amount["minor"]) if amount else None,
        cumulative=told["mode"] == "cumulative",
        partial=told.get("partial", False),
        first=told["first"],
    )


def meaning(event: Event) -> list[tuple]:
    """What must be the same in both readings; how references and groups are spelled need not be."""
    facts = ((f.op, f.outcome, f.book, f.amount, f.partial, f.first) for f in event.facts)
    return [(event.trust, *fact) for fact in sorted(facts, key=repr)]
