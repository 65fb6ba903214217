"""What the run must end as, by the reference alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import orders
from events import Event
from fold import OrderState, fold
from webhook import Webhook

Key = tuple[str, str]


@dataclass
class Expectation:
    """Grows with what is sent. An event `counts` once, however often it was sent, unless the text says otherwise."""

    events: dict[Key, Event] = field(default_factory=dict)
    verdicts: dict[Key, Counter[str]] = field(default_factory=dict)
    contradicted: set[str] = field(default_factory=set)

    def will_count(self, webhooks: Iterable[Webhook]) -> None:
        """Each of these is `applied` or `no_change` once; its repeats are `duplicate`."""
        for webhook in webhooks:
            self.will_be(webhook.event())

    def will_be(self, event: Event) -> None:
        """This event counts once; what says nothing about an order is `ignored` once."""
        if event.says_nothing:
            self.verdicts.setdefault(event.key, Counter(ignored=1))
            return
        self.events[event.key] = event
        self.verdicts.setdefault(event.key, Counter(counted=1))

    def will_end(self, key: Key, verdict: str, *, marks: str | None = None) -> None:
        """One more webhook under this key has this verdict and no other effect than the mark on an order."""
        self.verdicts.setdefault(key, Counter())[verdict] += 1
        if marks:
            self.contradicted.add(marks)

    def gathered(self) -> dict[str, list[Event]]:
        """The events that count, by the merchant's order."""
        return orders.gather(self.events.values())

    def states(self) -> dict[str, OrderState]:
        return {name: fold(events, contradicted=name in self.contradicted) for name, events in self.gathered().items()}
