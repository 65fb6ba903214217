"""The broker's queues by their names (DESIGN.md, section 4): how deep they are, and that they go when the run ends."""

from __future__ import annotations

from collections.abc import Iterable

import pika
from pika.exceptions import ChannelClosedByBroker


class Queues:
    """The topology under one prefix. `delays_ms`: every delay that the configuration gives."""

    def __init__(self, url: str, prefix: str, delays_ms: Iterable[int]) -> None:
        self.url, self.prefix, self.delays_ms = url, prefix, sorted(set(delays_ms))

    def names(self) -> list[str]:
        retries = [f"retry.v1.{delay}" for delay in self.delays_ms]
        fixed = ("work.v1.0", "suspect.v1", "dead.v1", "counts.v1", "unrouted.v1")
        return [f"{self.prefix}.{name}" for name in (*fixed, *retries)]

    def exchanges(self) -> list[str]:
        """In the order in which they can go: alternates last."""
        retries = [f"{self.prefix}.retry.{delay}" for delay in self.delays_ms]
        fixed = [f"{self.prefix}.{name}" for name in ("suspect", "dead", "counts", "unrouted")]
        return [*retries, self.prefix, *fixed]

    def depths(self) -> dict[str, int | None]:
        """Ready messages of each queue; none where there is no such queue."""
        with self.connect() as connection:
            return {name: depth(connection, name) for name in self.names()}

    def delete(self) -> None:
        with self.connect() as connection:
            channel = connection.channel()
            for name in self.names():
                channel.queue_delete(name)
            for name in self.exchanges():
                channel.exchange_delete(name)

    def connect(self) -> pika.BlockingConnection:
        return pika.BlockingConnection(pika.URLParameters(self.url))


def depth(connection: pika.BlockingConnection, name: str) -> int | None:
    channel = connection.channel()
    try:
        return channel.queue_declare(name, passive=True).method.message_count
    except ChannelClosedByBroker:
        return None
