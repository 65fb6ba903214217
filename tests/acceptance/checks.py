"""Whether what is stored is what was sent: the promises of the product, looked at from outside."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import fields
from itertools import groupby
from uuid import UUID

import trail
import trail_events
from events import EXPONENTS
from expectation import Expectation, Key
from fold import OrderState
from redis_client import Redis
from settings import LOCK_TTL_MS
from system import System

DECIDED = ("applied", "no_change")
# A provisional order has no name of the merchant's; it goes by the first of those that it has.
ORDERS = (
    """SELECT orders.*, (SELECT min(ref) FROM order_aliases WHERE order_id = orders.id) AS first_name FROM orders"""
)
STATE_COLUMNS = [field.name for field in fields(OrderState)]


def unfinished(system: System, accepted: list[UUID]) -> str:
    """What is still on its way; nothing when all that was accepted has its final verdict and every queue is empty."""
    finals = {row["id"] for row in system.rows("SELECT id FROM webhooks WHERE state = 'final'")}
    waiting = sum(id_ not in finals for id_ in accepted)
    retrying = system.rows("SELECT count(*) AS n FROM webhooks WHERE state = 'retrying'")[0]["n"]
    depths = {name: depth for name, depth in system.queues.depths().items() if depth != 0}
    return f"{waiting} without a verdict, {retrying} retrying, queues {depths}" if waiting or retrying or depths else ""


def faults(system: System, accepted: list[UUID], recovered_max: int, expected: Expectation) -> Iterator[str]:
    """Everything that is wrong. `recovered_max`: how many attempts ended without the sender knowing how."""
    webhooks = system.rows("SELECT id, source, dedup_key, state, verdict, reason, order_id FROM webhooks")
    yield from not_accounted(webhooks, accepted, recovered_max)
    yield from not_counted_once(webhooks, expected)
    stored = {row["id"]: row | {"external_id": row["external_id"] or row["first_name"]} for row in system.rows(ORDERS)}
    yield from not_as_folded(stored, expected)
    events = system.rows("SELECT * FROM order_events ORDER BY order_id, seq")
    trails = {id_: list(rows) for id_, rows in groupby(events, key=lambda row: row["order_id"])}
    yield from unsound_trails(stored, trails)
    yield from trail_events.faults(trails, expected.events)
    yield from trails_without_their_events(stored, events, expected)
    yield from leftovers(system, expected)


def not_accounted(webhooks: list[dict], accepted: list[UUID], recovered_max: int) -> Iterator[str]:
    """Every 202 is exactly one row, and every row is a 202 or an attempt whose answer was lost."""
    rows = Counter(row["id"] for row in webhooks)
    if len(set(accepted)) != len(accepted):
        yield "two 202s have one id"
    lost = [id_ for id_ in accepted if rows[id_] != 1]
    if lost:
        yield f"{len(lost)} of {len(accepted)} accepted webhooks have not exactly one row, such as {lost[0]}"
    recovered = len(rows.keys() - set(accepted))
    if recovered > recovered_max:
        yield f"{recovered} rows that nobody was told of, but only {recovered_max} unanswered attempts"
    unfinal = [row["id"] for row in webhooks if row["state"] != "final" or row["verdict"] is None]
    if unfinal:
        yield f"{len(unfinal)} rows without a final verdict, such as {unfinal[0]}"


def not_counted_once(webhooks: list[dict], expected: Expectation) -> Iterator[str]:
    """Under each key one webhook counts and its repeats are duplicates, whoever came first."""
    verdicts: dict[Key, Counter[str]] = defaultdict(Counter)
    reasons: dict[Key, set[str]] = defaultdict(set)
    for row in webhooks:
        word = "counted" if row["verdict"] in DECIDED else row["verdict"]
        if word != "duplicate":
            key = row["source"], row["dedup_key"]
            verdicts[key][word] += 1
            reasons[key].add(row["reason"])
    for key in expected.verdicts.keys() | verdicts.keys():
        if verdicts[key] != expected.verdicts.get(key):
            wanted = dict(expected.verdicts.get(key, {}))
            yield f"{key}: verdicts {dict(verdicts[key])} ({'; '.join(sorted(reasons[key]))}), expected {wanted}"


def not_as_folded(stored: dict[UUID, dict], expected: Expectation) -> Iterator[str]:
    """Each of the merchant's orders is there once, as the reference folds it, and there is no other."""
    living = [row for row in stored.values() if row["absorbed_into"] is None]
    names = Counter(row["external_id"] for row in living)
    states = expected.states()
    for name in states.keys() | names.keys():
        if names[name] != (name in states):
            yield f"order {name}: is there {names[name]} times"
    for row in living:
        if wanted := states.get(row["external_id"]):
            yield from differences(row, wanted)
    for row in stored.values():
        if row["absorbed_into"] is not None and row["status"] != "absorbed":
            yield f"order {row['id']} was absorbed, but is {row['status']}"


def differences(row: dict, wanted: OrderState) -> Iterator[str]:
    found = OrderState(**{name: row[name] for name in STATE_COLUMNS if name != "flags"}, flags=tuple(row["flags"]))
    for name in STATE_COLUMNS:
        if getattr(found, name) != getattr(wanted, name):
            yield f"order {row['external_id']}: {name} is {getattr(found, name)}, expected {getattr(wanted, name)}"
    if row["exponent"] != EXPONENTS.get(row["currency"]):
        yield f"order {row['external_id']}: exponent {row['exponent']} of {row['currency']}"


def unsound_trails(stored: dict[UUID, dict], trails: dict[UUID, list[dict]]) -> Iterator[str]:
    for id_ in trails.keys() - stored.keys():
        yield f"a trail of order {id_}, which is not there"
    for id_, order in stored.items():
        yield from trail.faults(trails.get(id_, []), order)


def trails_without_their_events(stored: dict[UUID, dict], events: list[dict], expected: Expectation) -> Iterator[str]:
    """Every event that counts stands once on the trail of its order, or of one that its order absorbed."""
    found: dict[str, Counter[Key]] = defaultdict(Counter)
    for row in events:
        if row["kind"] == "event" and row["verdict"] in DECIDED:
            order = stored[row["order_id"]]
            while order["absorbed_into"] is not None:
                order = stored[order["absorbed_into"]]
            found[order["external_id"]][row["source"], row["dedup_key"]] += 1
    for name, counted in expected.gathered().items():
        if found[name] != Counter(event.key for event in counted):
            yield f"order {name}: its trail holds other events than were sent"


def leftovers(system: System, expected: Expectation) -> Iterator[str]:
    """Nothing is held, half done or dead that should not be."""
    dead = system.rows("SELECT webhook_id, reason, error FROM dead_letters")
    if len(dead) != sum(verdicts["dead"] for verdicts in expected.verdicts.values()):
        yield f"dead letters: {dead[:5]}"
    keys = system.rows("SELECT count(*) AS n FROM event_keys")[0]["n"]
    claimed = sum(1 for verdicts in expected.verdicts.values() if verdicts["counted"] or verdicts["ignored"])
    if not claimed <= keys <= len(expected.verdicts):
        yield f"{keys} event keys, expected {claimed}"
    idle = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = %s AND state LIKE 'idle in transaction%%'"
    if open_ := system.rows(idle, system.settings.name)[0]["n"]:
        yield f"{open_} transactions are open"


def held_locks(system: System) -> list[str]:
    redis = Redis(system.settings.redis_url)
    try:
        return list(redis.keys(f"{system.settings.name}:lock:*"))
    finally:
        redis.close()


def wait_for_locks(system: System) -> None:
    """A killed worker's locks end with their time to live; whatever is held longer was leaked."""
    system.eventually("no lock key left", LOCK_TTL_MS / 1_000 + 2, lambda: held_locks(system))
