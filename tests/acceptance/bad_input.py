"""Bad input against a running ingest: the right status, one clear line, nothing published, nobody falls over.

No worker runs, so that what was published can be counted where it lies: in the queue.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from bad_cases import AUTHENTIC, GOOD, Case, all_cases, good_ones
from http_client import Connection, Response
from pipeline import report
from raw_http import exchange
from settings import Settings
from system import System

MUTATIONS = 5_000
LINE_CHARACTERS_MAX = 200
# Words that only our own insides use.
INTERNAL = ("serde", "panicked", "src/", ".rs", "Err(", "thread '", "actix", "lapin")


def run(binaries: Path, random: Random) -> None:
    with System(Settings(), binaries, ingests=1, workers=0) as system:
        cases = list(all_cases())
        with ThreadPoolExecutor(max_workers=8) as pool:
            answered = list(pool.map(lambda case: exchange(system.ports[0], case.pieces, case.pause), cases))
        wrong = [fault for case, response in zip(cases, answered, strict=True) for fault in faults_of(case, response)]
        wrong += published(system, 0) + same_body_for_every_401(cases, answered)
        report(f"{len(cases)} bad requests", wrong + fallen(system))
        good = list(good_ones())
        wrong = [fault for case in good for fault in faults_of(case, exchange(system.ports[0], case.pieces))]
        report(f"{len(good)} odd but good requests", wrong + published(system, len(good)) + fallen(system))
        statuses, wrong = asyncio.run(mutations(system, random))
        wrong += published(system, len(good) + statuses[202]) + fallen(system)
        report(f"{MUTATIONS} mutations, answered {dict(statuses)}", wrong)


def faults_of(case: Case, response: Response | None) -> Iterator[str]:
    if response is None:
        if not case.closed:
            yield f"{case.name}: closed without an answer"
        return
    if response.status not in case.statuses:
        yield f"{case.name}: {response.status} {response.body[:150]!r}, expected {case.statuses}"
        return
    # What cannot be parsed as HTTP may be answered by the HTTP library, without a body.
    if response.body or not case.closed:
        yield from unclear(case, response)


def unclear(case: Case, response: Response) -> Iterator[str]:
    """One line that a person understands, that names the field at fault and nothing of our insides."""
    told = response.body.decode(errors="replace")
    try:
        message = json.loads(told)["message"]
    except (ValueError, KeyError, TypeError):
        yield f"{case.name}: {response.status} says {told[:150]!r}"
        return
    if not message or "\n" in message or len(message) > LINE_CHARACTERS_MAX:
        yield f"{case.name}: {message!r} is not one clear line"
    if any(word in told for word in INTERNAL):
        yield f"{case.name}: {told[:150]!r} tells of our insides"
    if case.mentions and not any(case.mentions in name for name in json.loads(told).get("errors", {})):
        yield f"{case.name}: {told[:150]!r} does not name {case.mentions}"


def published(system: System, expected: int) -> list[str]:
    """Webhooks; what ingest reports of how many it accepted lies in a queue of its own."""
    depths = {
        name: depth for name, depth in system.queues.depths().items() if depth and not name.endswith(".counts.v1")
    }
    return [] if sum(depths.values()) == expected else [f"published {depths}, expected {expected}"]


def same_body_for_every_401(cases: list[Case], answered: list[Response | None]) -> list[str]:
    """A stranger must not learn which sources there are, or what was wrong."""
    bodies = {response.body for response in answered if response and response.status == 401}
    return [] if len(bodies) == 1 else [f"{len(bodies)} different bodies of 401: {bodies}"]


def fallen(system: System) -> list[str]:
    services = system.services()
    wrong = [f"{program.log.stem} is not running" for program in services if not program.running()]
    return wrong + [f"{program.log.stem} panicked" for program in services if b"panicked" in program.log.read_bytes()]


async def mutations(system: System, random: Random) -> tuple[Counter[int], list[str]]:
    """Good bodies with a few bytes changed, taken away, doubled or exchanged: an event or an error, nothing else."""
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    connection = Connection(system.ports[0])
    seen: set[str] = set()
    for number in range(MUTATIONS):
        body = mutated(json.dumps(GOOD | {"txn_id": f"M{number}"}).encode(), random)
        response = await connection.post("/webhooks/payments", AUTHENTIC, body)
        statuses[response.status] += 1
        if response.status not in (202, 400, 409, 422) and len(wrong) < 10:
            wrong.append(f"{body!r}: {response.status} {response.body[:150]!r}")
        seen.add(response.headers.get("x-correlation-id", ""))
    connection.close()
    if len(seen) != MUTATIONS:
        wrong.append(f"{MUTATIONS} answers have {len(seen)} correlation ids")
    return statuses, wrong


def mutated(body: bytes, random: Random) -> bytes:
    changed = bytearray(body)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(changed))
        match random.randrange(4):
            case 0:
                changed[at] = random.randrange(256)
            case 1:
                del changed[at : at + random.randint(1, 8)]
            case 2:
                changed[at:at] = changed[at : at + random.randint(1, 8)]
            case _:
                changed[at : at + 1] = random.choice((b'"', b"\\", b"{", b"]", b",", b"\\u0000", b"1e9", b"-", b"\xff"))
    return bytes(changed)
