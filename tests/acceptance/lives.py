"""The load: orders that live several payments' lives at once, then shuffled and repeated."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from uuid import UUID

import native_life
import stripe_life
from webhook import Webhook

HOUR = 3_600 * 1_000_000


def episodes() -> list[tuple[object, str]]:
    """Every life that a payment can have, as (module, name)."""
    return [(module, name) for module in (native_life, stripe_life) for name in module.LIVES]


def order(number: int, events_min: int, now: int, random: Random) -> Iterator[Webhook]:
    """One order's webhooks: at least two lives, the first by turns, so that a run of 200 orders meets every one."""
    name = str(UUID(int=random.getrandbits(128), version=4))
    known, told = episodes(), 0
    for turn in range(len(known)):
        if turn >= 2 and told >= events_min:
            return
        module, life = known[number % len(known)] if turn == 0 else random.choice(known)
        episode = f"{number:05d}x{turn}x{random.getrandbits(32):08x}"
        for webhook in module.life(life, name, episode, now - random.randint(1, 20) * HOUR, random):
            told += 1
            yield webhook


def load(orders: int, events_min: int, now: int, random: Random) -> list[Webhook]:
    """All webhooks once, each order's in the order in which they happened. `now` is in microseconds since 1970."""
    return [webhook for number in range(orders) for webhook in order(number, events_min, now, random)]


def disturb(webhooks: list[Webhook], repeats: int, random: Random) -> list[Webhook]:
    """Shuffled, `repeats` of them a second time anywhere."""
    sent = webhooks + random.choices(webhooks, k=repeats)
    random.shuffle(sent)
    return sent
