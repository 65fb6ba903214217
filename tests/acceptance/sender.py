"""Senders as real ones are: many at once, in any order, repeating the same bytes until somebody takes them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

import signing
from http_client import Connection, Response
from webhook import Webhook

# Real senders wait minutes or hours between attempts; here the cure is near, and the run is bounded.
RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 1, 2, 2, 5, 5, 5, 5)
ANSWER_SECONDS_MAX = 10


@dataclass
class Answer:
    """The answer that ended the sending of one webhook."""

    webhook: Webhook
    response: Response
    seconds: float


@dataclass
class Sent:
    """Everything that the senders saw."""

    answers: list[Answer] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    refused_answers: list[Response] = field(default_factory=list)
    given_up: list[Webhook] = field(default_factory=list)
    seconds: float = 0.0


def is_final(response: Response) -> bool:
    """What a sender does not repeat. The native 409 says that the event is known, which is as good as accepted."""
    return 200 <= response.status < 300 or response.status == 409


async def send(
    webhooks: Sequence[Webhook],
    ports: Sequence[int],
    at_once: int,
    while_sending: Callable[[int], None] = lambda done: None,
) -> Sent:
    """Sends all, `at_once` at a time, spread over the ingests; calls `while_sending` with the number answered."""
    sent, waiting = Sent(), iter(webhooks)
    began = time.monotonic()

    async def sender(number: int) -> None:
        connection = Connection(ports[number % len(ports)])
        random = Random(number)
        for webhook in waiting:
            await send_until_taken(webhook, connection, sent, random)
            while_sending(len(sent.answers))
        connection.close()

    await asyncio.gather(*(sender(number) for number in range(at_once)))
    sent.seconds = time.monotonic() - began
    return sent


async def send_until_taken(webhook: Webhook, connection: Connection, sent: Sent, random: Random) -> None:
    for pause in RETRY_SECONDS:
        began = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                path = f"/webhooks/{webhook.source}"
                response = await connection.post(path, signing.headers(webhook), webhook.body)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            connection.close()
            sent.refusals[type(error).__name__] += 1
        else:
            if is_final(response):
                sent.answers.append(Answer(webhook, response, time.monotonic() - began))
                return
            sent.refusals[str(response.status)] += 1
            sent.refused_answers.append(response)
        await asyncio.sleep(pause * random.uniform(0.5, 1))
    sent.given_up.append(webhook)
