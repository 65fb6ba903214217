"""The same webhook 64 times at once, over two ingests, for many ids: each is applied once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from random import Random
from uuid import UUID

import signing
import stripe_life
from answers import faults_of, faults_of_refusal
from checks import faults
from expectation import Expectation
from http_client import Connection, Response
from pipeline import report
from programs import Failed
from sender import Answer
from settings import Settings
from system import System
from webhook import Webhook

AT_ONCE = 64
IDS = 50
# As many as are asked for once; takes minutes with programs that are not optimized.
IDS_IN_FULL = 1_000
SETTLED_SECONDS_MAX = 120


def run(binaries: Path, random: Random, *, in_full: bool) -> None:
    webhooks = payments(IDS_IN_FULL if in_full else IDS, random)
    expected = Expectation()
    expected.will_count(webhooks)
    with System(Settings(), binaries, ingests=2, workers=2) as system:
        answers = asyncio.run(stampede(webhooks, system.ports))
        accepted = [
            UUID(answer.response.json()["webhook_log_id"]) for answer in answers if answer.response.status == 202
        ]
        refused = sum(answer.response.status == 503 for answer in answers)
        wrong = [fault for answer in answers for fault in judge(answer)]
        rows = "SELECT count(*) AS n FROM webhooks WHERE state = 'final'"
        system.eventually(
            "settled", SETTLED_SECONDS_MAX, lambda: len(accepted) - min(system.rows(rows)[0]["n"], len(accepted))
        )
        wrong += faults(system, accepted, refused, expected)
        report(f"sent {len(webhooks)} webhooks {AT_ONCE} times at once", wrong)
        counts = Counter(answer.response.status for answer in answers)
        print(f"  answered {dict(sorted(counts.items()))}; in the log {verdicts(system)}")
        system.command("verify")


def payments(ids: int, random: Random) -> list[Webhook]:
    """A captured payment each, of an order of its own."""
    now = time.time_ns() // 1_000
    lives = (stripe_life.life("automatic", f"herd-{number}", f"h{number:05d}", now, random) for number in range(ids))
    return [next(one for one in life if b'"payment_intent.succeeded"' in one.body) for life in lives]


async def stampede(webhooks: list[Webhook], ports: list[int]) -> list[Answer]:
    """Each webhook over every connection at once, one webhook after the other."""
    connections = [Connection(ports[number % len(ports)]) for number in range(AT_ONCE)]
    answers = []
    for webhook in webhooks:
        answers += await asyncio.gather(*(post(webhook, connection) for connection in connections))
    for connection in connections:
        connection.close()
    return answers


async def post(webhook: Webhook, connection: Connection) -> Answer:
    began = time.monotonic()
    try:
        async with asyncio.timeout(SETTLED_SECONDS_MAX):
            response = await connection.post(f"/webhooks/{webhook.source}", signing.headers(webhook), webhook.body)
    except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
        raise Failed(f"no answer: {error!r}") from error
    return Answer(webhook, response, time.monotonic() - began)


def judge(answer: Answer) -> list[str]:
    """Taken, known, or put off: nothing else."""
    response: Response = answer.response
    return list(faults_of_refusal(response) if response.status == 503 else faults_of(answer))


def verdicts(system: System) -> dict[str, int]:
    rows = system.rows("SELECT verdict, count(*) AS n FROM webhooks GROUP BY verdict ORDER BY verdict")
    return {row["verdict"]: row["n"] for row in rows}
