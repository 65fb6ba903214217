"""Reads an audit trail back into events (docs/AUDIT.md, sections 2 and 3), so that each of its steps can be folded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from events import AMOUNTS, Event, Fact, Hint, Money, Snapshot
from fold import fold
from native_events import microseconds
from trail import Row

Trails = Mapping[UUID, Sequence[Row]]


def faults(trails: Trails, told: Mapping[tuple[str, str], Event]) -> Iterator[str]:
    """Rows that say something else than their webhook did, and steps to another status than the fold's.

    `told`: what the webhooks said, by their key.
    """
    for order_id, rows in trails.items():
        counting: dict[int, list[Event]] = {}
        contradictions: set[int] = set()
        for row in rows:
            where = f"order {order_id}, seq {row['seq']}"
            if row["kind"] == "absorbed":
                break
            if row["verdict"] == "conflict":
                contradictions.add(row["seq"])
            new = counting[row["seq"]] = added(row, trails)
            if row["kind"] == "part":
                # What an operator took from the order is folded where it counts now.
                for left in row["effect"]["rows"]:
                    counting.pop(left, None)
                    contradictions.discard(left)
            # An absorbed order's rows are compared on its own trail; what conflicts was not sent to count.
            compared = [event for event in new if row["kind"] == "event" and event.key in told]
            for event in compared:
                if meaning(event) != meaning(told[event.key]):
                    yield f"{where}: tells {meaning(event)}, the webhook {meaning(told[event.key])}"
            events = [event for told in counting.values() for event in told]
            status = fold(events, contradicted=bool(contradictions)).status
            if row["to_status"] != status:
                yield f"{where}: to_status is {row['to_status']}, the fold says {status}"


def added(row: Row, trails: Trails) -> list[Event]:
    """What the row adds to the fold: its event, or all that another order knew."""
    if row["kind"] == "absorb":
        absorbed = trails.get(UUID(row["effect"]["order_id"]), [])
        return [event for inner in absorbed if inner["kind"] != "absorbed" for event in added(inner, trails)]
    if row["kind"] == "parted":
        left = {inner["seq"]: inner for inner in trails.get(UUID(row["effect"]["order_id"]), [])}
        parts = (inner for inner in left.values() if inner["kind"] == "part")
        rows = next(
            (part["effect"]["rows"] for part in parts if part["effect"]["order_id"] == str(row["order_id"])), []
        )
        return [event for seq in rows for event in added(left[seq], trails)]
    if row["kind"] != "event":
        return []
    return [event_of(row)] if row["verdict"] in ("applied", "no_change") else []


def event_of(row: Row) -> Event:
    effect, happened = row["effect"], row["occurred_at"]
    # The rows of a database hold times, those of the documentation hold text.
    at = microseconds(happened if isinstance(happened, str) else happened.isoformat())
    return Event(
        source=row["source"],
        dedup_key=row["dedup_key"],
        trust=row["trust"],
        references=frozenset(reference["ref"] for reference in row["order_refs"]),
        facts=tuple(fact_of(fact) for fact in effect.get("facts", [])),
        snapshot=snapshot_of(effect["snapshot"]) if "snapshot" in effect else None,
        hint=Hint(effect["hint"]["object"], microseconds(effect["hint"]["at"])) if "hint" in effect else None,
        occurred_at=at,
    )


def fact_of(told: Mapping) -> Fact:
    return Fact(
        op=told["op"],
        op_ref=told["op_ref"],
        outcome=told["outcome"],
        book=told["book"],
        group=told.get("group"),
        amount=money_of(told.get("amount")),
        cumulative=told["mode"] == "cumulative",
        partial=told.get("partial", False),
        first=told["first"],
    )


def snapshot_of(told: Mapping) -> Snapshot:
    return Snapshot(**{name: money_of(value) if name in AMOUNTS else value for name, value in told.items()})


def money_of(told: Mapping | None) -> Money | None:
    return Money(told["currency"], told["minor"]) if told else None


def meaning(event: Event) -> list[tuple]:
    """What must be the same in both readings; how groups are spelled need not be."""
    facts = ((f.op, f.outcome, f.book, f.amount, f.cumulative, f.partial, f.first) for f in event.facts)
    said = [(event.trust, event.occurred_at, event.snapshot, event.hint)]
    return said + sorted(facts, key=repr)
