"""A webhook before it is sent: where it goes and its bytes."""

from __future__ import annotations

from dataclasses import dataclass

import native_events
import stripe_events
from events import Event

READERS = {"payments": native_events, "admin": native_events, "stripe": stripe_events}


@dataclass(frozen=True)
class Webhook:
    """One body for one source. Repeats of it are the same object sent again."""

    source: str
    body: bytes

    def event(self) -> Event:
        return READERS[self.source].read(self.source, self.body)
