"""The ordinary run: several lives of 200 orders, shuffled and repeated, then what contradicts them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from random import Random

import answers
import checks
import contradictions
import hostile
import tampering
from expectation import Expectation
from lives import disturb, load
from programs import Failed
from sender import Sent, send
from settings import Settings
from system import System

ORDERS = 200
EVENTS_PER_ORDER_MIN = 6
AT_ONCE = 32
SETTLED_SECONDS_MAX = 60


def run(binaries: Path, random: Random) -> None:
    webhooks = load(ORDERS, EVENTS_PER_ORDER_MIN, time.time_ns() // 1_000, random)
    expected = Expectation()
    expected.will_count(webhooks)
    with System(Settings(), binaries, ingests=1, workers=2) as system:
        everything = disturb(webhooks, len(webhooks) // 5, random)
        first = asyncio.run(send(everything, system.ports, AT_ONCE))
        report(f"sent {len(everything)} webhooks of {ORDERS} orders", settle(system, expected, [first]))
        contradicting = contradictions.all_of(webhooks, expected)
        second = asyncio.run(send(contradicting, system.ports, at_once=1))
        report(f"sent {len(contradicting)} that contradict or say nothing", settle(system, expected, [first, second]))
        checks.wait_for_locks(system)
        system.command("verify")
        third = asyncio.run(send(hostile.webhooks(), system.ports, at_once=4))
        system.eventually(
            "settled", SETTLED_SECONDS_MAX, lambda: checks.unfinished(system, answers.accepted_ids(third))
        )
        report(f"sent {len(third.answers)} that nobody can understand", hostile.faults(system, third))
        report("tried to change the trails", tampering.faults(system))
        report("stopped", (f"{name} ended with {code}" for name, code in system.stop().items() if code != 0))


def settle(system: System, expected: Expectation, sent: list[Sent]) -> list[str]:
    """Waits until nothing is on its way any more, and looks at everything."""
    accepted = [id_ for part in sent for id_ in answers.accepted_ids(part)]
    system.eventually("settled", SETTLED_SECONDS_MAX, lambda: checks.unfinished(system, accepted))
    unanswered = sum(part.refusals.total() for part in sent)
    wrong = [fault for part in sent for fault in answers.faults(part)]
    return wrong + list(checks.faults(system, accepted, unanswered, expected))


def report(what: str, faults: Iterable[str]) -> None:
    """Says that it is good, or fails with everything that is wrong."""
    if wrong := list(faults):
        shown = "\n  ".join(wrong[:40])
        raise Failed(f"{what}: {len(wrong)} faults\n  {shown}")
    print(f"{what}: good", flush=True)
