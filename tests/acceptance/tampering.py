"""Whether a trail can be changed, and whether a change is noticed by everyone who should."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

import trail
from programs import Failed
from system import System

FORBIDDEN = (
    "UPDATE order_events SET reason = 'nothing happened'",
    "DELETE FROM order_events",
    "TRUNCATE order_events",
)


def faults(system: System) -> Iterator[str]:
    yield from changes_that_are_possible(system)
    yield from changes_that_are_not_noticed(system)


def changes_that_are_possible(system: System) -> Iterator[str]:
    """Neither the services' role nor the owner may change a row."""
    for role in ("waybill_app", None):
        for statement in FORBIDDEN:
            with psycopg.connect(system.settings.database_url) as connection:
                if role:
                    connection.execute(f"SET ROLE {role}")
                try:
                    connection.execute(statement)
                except psycopg.Error:
                    connection.rollback()
                    continue
                connection.rollback()
                yield f"{role or 'the owner'} may {statement}"


def changes_that_are_not_noticed(system: System) -> Iterator[str]:
    """Whoever takes the trigger away can write; both verifiers must see it. The database is thrown away afterwards."""
    with psycopg.connect(system.settings.database_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE order_events DISABLE TRIGGER ALL")
        order_id = owner.execute("SELECT order_id FROM order_events WHERE seq = 2 LIMIT 1").fetchone()[0]
        changed = "UPDATE order_events SET reason = reason || '.' WHERE seq = 2 AND order_id = %s"
        owner.execute(changed, [order_id])
    order = system.rows("SELECT * FROM orders WHERE id = %s", order_id)[0]
    events = system.rows("SELECT * FROM order_events WHERE order_id = %s ORDER BY seq", order_id)
    if not trail.faults(events, order):
        yield "the reference verifier does not notice a changed row"
    try:
        system.command("verify")
    except Failed as failed:
        if " ended with 1:" not in str(failed):
            yield f"waybill verify could not look: {failed}"
    else:
        yield "waybill verify does not notice a changed row"
