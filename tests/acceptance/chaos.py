"""The same under fire: 10,000 webhooks, 64 senders, two ingests, three workers of which somebody kills one after the
other; Redis dies half-way if it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from pathlib import Path
from random import Random

import checks
from expectation import Expectation
from lives import disturb, load
from pipeline import report, settle
from private_redis import PrivateRedis
from sender import Sent, send
from settings import Settings
from system import System

ORDERS = 500
WEBHOOKS = 10_000
# Makes about 7,900 different webhooks; the rest of the 10,000, a fifth, are repeats.
EVENTS_PER_ORDER_MIN = 14
AT_ONCE = 64
KILLS = 5


def run(binaries: Path, random: Random, *, redis_dies: bool, locks_off: bool) -> None:
    webhooks = load(ORDERS, EVENTS_PER_ORDER_MIN, time.time_ns() // 1_000, random)
    expected = Expectation()
    expected.will_count(webhooks)
    everything = disturb(webhooks, WEBHOOKS - len(webhooks), random)
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(PrivateRedis()) if redis_dies else None
        settings = Settings(lock_mode="off" if locks_off else "redis")
        if redis:
            settings.redis_url = redis.url
        system = stack.enter_context(System(settings, binaries, ingests=2, workers=3))
        began = time.monotonic()
        killer = Killer(system, len(webhooks), random)
        killer.start()

        def while_sending(answered: int) -> None:
            if redis and answered == len(everything) // 2:
                redis.kill()

        sent = asyncio.run(send(everything, system.ports, AT_ONCE, while_sending))
        killer.join()
        if killer.failure:
            raise killer.failure
        faults = settle(system, expected, [sent])
        report(f"sent {len(everything)} webhooks of {ORDERS} orders, killed {killer.kills} workers", faults)
        figures(sent, system, time.monotonic() - began)
        if not redis:
            checks.wait_for_locks(system)
        system.command("verify")
        report("stopped", (f"{name} ended with {code}" for name, code in system.stop().items() if code != 0))


class Killer(threading.Thread):
    """Kills a worker whenever another sixth of the webhooks is committed, and starts it again at once.

    `webhooks` counts each once: a repeat that ingest recognizes is never committed.
    """

    def __init__(self, system: System, webhooks: int, random: Random) -> None:
        super().__init__(daemon=True)
        self.system, self.webhooks, self.random = system, webhooks, random
        self.kills = 0
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            for number in range(1, KILLS + 1):
                self.wait_for(self.webhooks * number // (KILLS + 1))
                victim = self.random.choice(self.system.workers)
                victim.kill()
                victim.start()
                self.kills += 1
        except Exception as failure:
            self.failure = failure

    def wait_for(self, committed: int) -> None:
        def too_few() -> str:
            found = self.system.rows("SELECT count(*) AS n FROM webhooks WHERE state = 'final'")[0]["n"]
            return f"{found} of {committed} committed" if found < committed else ""

        self.system.eventually("committed", 120, too_few)


def figures(sent: Sent, system: System, seconds: float) -> None:
    """What a person wants to know of the run; machines differ, so nothing is demanded of the numbers."""
    span = "SELECT extract(epoch FROM max(committed_at) - min(received_at))::float8 AS s, count(*) AS n FROM webhooks"
    committed = system.rows(span)[0]
    latencies = sorted(answer.seconds * 1_000 for answer in sent.answers)
    middle, slowest = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
    print(f"  accepted/s   {len(sent.answers) / sent.seconds:,.0f}")
    print(f"  committed/s  {committed['n'] / committed['s']:,.0f}")
    print(f"  answered in  p50 {middle:.1f} ms, p99 {slowest:.1f} ms")
    print(f"  refused      {dict(sent.refusals) or 'none'}")
    print(f"  all settled  {seconds:.0f} s after the first was sent")
