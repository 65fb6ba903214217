"""The console in a real browser, on real data: what tests/browser does and looks at.

Here the data is made: orders of every provider, told out of order; payloads that would be markup; dead letters, some of
which a replay makes good.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import psycopg

import everyone_sources
import hostile
import native_life
import signing
from everyone import sample, settle
from pipeline import report
from programs import Failed
from sender import send
from settings import Settings
from system import System
from webhook import Webhook

TOGETHER = 3
# Whatever of it reached a page as markup would run, or leave an element.
MARKUP = "<img src=x onerror=globalThis.taken=1><script>globalThis.taken=1</script>"
# Orders whose payments the database refuses for a while.
MENDED = [f"MENDED-{number}" for number in range(1, 6)]
MENDED_MINOR = 42_00
SECONDS_MAX = 600


def run(binaries: Path, random: Random, folder: Path, chromium: Path, pictures: Path) -> None:
    settings = Settings(own_sources=everyone_sources.toml())
    with System(settings, binaries, ingests=1, workers=1, consoles=1) as system:
        seed = random.getrandbits(32)
        sample(system, seed)
        together = sample(system, seed + 1, "--together", "--orders", str(TOGETHER))
        webhooks = [*markup(), *hostile.webhooks()]
        sent = asyncio.run(send(webhooks, system.ports, at_once=4))
        settle(system)
        report(f"sent {len(webhooks)} that nobody can understand", (f"nobody took {w.body!r}" for w in sent.given_up))
        refused(system, random)
        task = {
            "console": f"http://127.0.0.1:{settings.console_port}",
            "ingest": f"http://127.0.0.1:{system.ports[0]}/webhooks/payments",
            "token": signing.TOKENS["payments"],
            "chromium": str(chromium),
            "pictures": str(pictures),
            "people": people(system),
            "order": together["orders"][0],
            "late": late(system),
            "markup": MARKUP,
            "mended": MENDED,
            "webhooks": [str(row["id"]) for row in marked(system)],
        }
        look(folder, task)
        report("stopped", (f"{name} ended with {code}" for name, code in system.stop().items() if code != 0))


def markup() -> Iterator[Webhook]:
    """Markup wherever a sender can put text."""
    event = hostile.EVENT | {"id": "evt_markup", "data": {"object": hostile.SUBJECT | {"description": MARKUP}}}
    yield Webhook("stripe", json.dumps(event).encode())
    subject = hostile.SUBJECT | {"id": "pi_markup", "metadata": {"order_id": MARKUP}}
    yield Webhook("stripe", json.dumps(event | {"id": "evt_markup_order", "data": {"object": subject}}).encode())
    subject = hostile.SUBJECT | {"id": "pi_markup_type", "currency": MARKUP}
    told = {"id": "evt_markup_type", "type": f"payment_intent.{MARKUP}", "data": {"object": subject}}
    yield Webhook("stripe", json.dumps(event | told).encode())


def refused(system: System, random: Random) -> None:
    """Payments that the database refused by a rule which is gone since: dead letters that a replay makes good."""
    now = time.time_ns() // 1_000
    deliver(system, [native_life.webhook(order, f"{order}-1", "placed", MENDED_MINOR, now, random) for order in MENDED])
    with psycopg.connect(system.settings.database_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE orders ADD CONSTRAINT wait CHECK (external_id NOT LIKE 'MENDED-%') NOT VALID")
        paid = [native_life.webhook(order, f"{order}-2", "paid", MENDED_MINOR, now + 1, random) for order in MENDED]
        subject = hostile.SUBJECT | {"id": "pi_mended", "metadata": {"order_id": "MENDED-shop"}}
        event = hostile.EVENT | {"id": "evt_mended", "data": {"object": subject}}
        deliver(system, [*paid, Webhook("stripe", json.dumps(event).encode())])
        owner.execute("ALTER TABLE orders DROP CONSTRAINT wait")
    dead = system.rows("SELECT count(*) AS n FROM dead_letters WHERE reason = 'refused'")[0]["n"]
    report(f"{dead} payments were refused", [] if dead == len(MENDED) + 1 else ["not each was refused"])


def deliver(system: System, webhooks: list[Webhook]) -> None:
    """Sends them and waits for their verdicts."""
    sent = asyncio.run(send(webhooks, system.ports, at_once=1))
    if sent.given_up:
        raise Failed(f"nobody took {sent.given_up}")
    settle(system)


def people(system: System) -> dict[str, dict[str, str]]:
    """One of each role: the admin comes by a link, the others by a password."""
    system.command("user", "create", "ada", "--role", "admin", "--payload-read", "--no-password")
    known = {"admin": {"name": "ada", "link": system.command("user", "link", "ada").strip()}}
    for name, role in (("grace", "operator"), ("vera", "viewer")):
        password = secrets.token_urlsafe(18)
        system.command("user", "create", name, "--role", role, typed=f"{password}\n")
        known[role] = {"name": name, "password": password}
    return known


def late(system: System) -> str:
    """An order of which something happened before what was recorded first."""
    rows = system.rows(
        """SELECT o.external_id FROM orders o JOIN order_events a ON a.order_id = o.id JOIN order_events b
           ON b.order_id = o.id AND b.seq > a.seq AND b.occurred_at < a.occurred_at
           WHERE o.absorbed_into IS NULL AND o.external_id IS NOT NULL
           GROUP BY o.external_id, o.last_seq HAVING o.last_seq BETWEEN 4 AND 12 ORDER BY count(*) DESC LIMIT 1"""
    )
    if not rows:
        raise Failed("nothing was told out of order")
    return rows[0]["external_id"]


def marked(system: System) -> list[dict]:
    return system.rows("SELECT id FROM webhooks WHERE position('onerror'::bytea in body) > 0")


def look(folder: Path, task: dict) -> None:
    """Fails with what the browser's script says."""
    done = subprocess.run(
        ["node", "browser.mjs"], cwd=folder, input=json.dumps(task), text=True, timeout=SECONDS_MAX, check=False
    )
    if done.returncode != 0:
        raise Failed(f"the browser saw something wrong; pictures are in {task['pictures']}")
