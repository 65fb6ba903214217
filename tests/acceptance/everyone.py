"""Every provider at once: `waybill send all --scenario all --shuffle --duplicate 2`, against the reference fold.

What was sent is read from the log of webhooks, by readers that know the providers' formats and nothing of the product.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import answers
import checks
import everyone_sources
from expectation import Expectation
from native_events import microseconds
from pipeline import SETTLED_SECONDS_MAX, report
from readers import READERS
from received import Received
from sender import send
from settings import Settings
from system import System
from webhook import Webhook

# How often everything is sent, each time with another seed.
ROUNDS = 3
# Orders that every source tells of at once, in each round.
TOGETHER = 8
HINTS = 6
HOUR = 3_600 * 1_000_000
ACCEPTED = re.compile(r"^waybill_accepted_total{[^}]*} (\d+)", re.MULTILINE)
PAYMENT = re.compile(rb'"(pi_[0-9a-f]+|payment_[0-9a-f]+)"')


def run(binaries: Path, random: Random) -> None:
    with System(Settings(own_sources=everyone_sources.toml()), binaries, ingests=1, workers=2) as system:
        for number in range(ROUNDS):
            seed = random.getrandbits(32)
            alone = sample(system, seed, "--orders", str(number + 1))
            together = sample(system, seed + 1, "--together", "--orders", str(TOGETHER))
            settle(system)
            orders = [*alone["orders"], *together["orders"]]
            told = f"sent {alone['sent'] + together['sent']} webhooks of {len(orders)} orders by every provider"
            report(f"{told} (seed {seed})", faults(system, orders))
        hints = list(hinted(system, random))
        sent = asyncio.run(send(hints, system.ports, at_once=4))
        settle(system)
        report(f"sent {len(hints)} that only name a payment", [*answers.faults(sent), *faults(system, [])])
        checks.wait_for_locks(system)
        system.command("verify")
        report("stopped", (f"{name} ended with {code}" for name, code in system.stop().items() if code != 0))


def sample(system: System, seed: int, *words: str) -> dict:
    """Orders that live every scenario of every provider, told in no order and twice. Fails where one is refused."""
    to = f"http://127.0.0.1:{system.ports[0]}"
    every = ("send", "all", "--scenario", "all", "--shuffle", "--duplicate", "2")
    return json.loads(system.command("--json", *every, "--seed", str(seed), "--to", to, *words))


def settle(system: System) -> None:
    system.eventually("settled", SETTLED_SECONDS_MAX, lambda: unfinished(system))


def unfinished(system: System) -> str:
    """What is still on its way; nothing when as many webhooks are final as ingest says that it accepted."""
    with urllib.request.urlopen(f"http://127.0.0.1:{system.ingests[0].ops_port}/metrics", timeout=5) as response:
        accepted = sum(map(int, ACCEPTED.findall(response.read().decode())))
    final = system.rows("SELECT count(*) AS n FROM webhooks WHERE state = 'final'")[0]["n"]
    if not accepted or final < accepted:
        return f"{final} of {accepted} settled"
    return checks.unfinished(system, [])


def faults(system: System, orders: list[str]) -> Iterator[str]:
    """Everything that is not as the reference says. `orders`: those that must be there by the merchant's own name."""
    expected = Expectation()
    rows = system.rows("SELECT id, source, provider, dedup_key, verdict, received_at, body, headers FROM webhooks")
    # Where a sender tells no time, it is the time of that repeat which counted.
    for row in sorted(rows, key=lambda row: row["verdict"] != "duplicate"):
        at = microseconds(row["received_at"].isoformat())
        event = READERS[row["provider"]](Received(row["source"], row["body"], row["headers"], str(row["id"]), at))
        if event.dedup_key != row["dedup_key"]:
            yield f"{row['source']}: the key is {row['dedup_key']}, by the reference {event.dedup_key}"
        expected.will_be(event)
    known = expected.gathered()
    yield from (f"order {name}: nobody told of it" for name in orders if name not in known)
    yield from checks.faults(system, [row["id"] for row in rows], 0, expected)


def hinted(system: System, random: Random) -> Iterator[Webhook]:
    """Hints about payments that are known and about some that are not; one of them older than what is known."""
    now = time.time_ns() // 1_000
    payments: dict[str, list[str]] = {"stripe": [], "mollie": []}
    for row in system.rows("SELECT provider, body FROM webhooks WHERE provider IN ('stripe', 'mollie')"):
        payments[row["provider"]] += [name.decode() for name in PAYMENT.findall(row["body"])[:1]]
    for number in range(HINTS):
        yield classic(random.choice(payments["mollie"]))
        yield thin(random.choice(payments["stripe"]), number, now if number else now - HOUR)
    yield classic("tr_unknown")
    yield thin("pi_unknown", HINTS, now)


def classic(payment: str) -> Webhook:
    return Webhook("classic", f"id={payment}".encode())


def thin(payment: str, number: int, micros: int) -> Webhook:
    told = {
        "id": f"evt_thin_{number}",
        "object": "v2.core.event",
        "type": "v1.payment_intent.succeeded",
        "livemode": False,
        "created": datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "related_object": {"id": payment, "type": "payment_intent", "url": "/v1/payment_intents"},
    }
    return Webhook("stripe", json.dumps(told).encode())
