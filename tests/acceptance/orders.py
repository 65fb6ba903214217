"""Which events belong to one order: those that their references connect (DOMAIN.md, section 3, «Early facts»)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from events import Event


class TwoMerchantOrders(AssertionError):
    """Two of the merchant's orders are never one: a generated life must not connect them."""


def gather(events: Iterable[Event]) -> dict[str, list[Event]]:
    """The events of each order, by the merchant's own id; of a provisional order by its alphabetically first name.

    An event without that id belongs where its payment intent or charge leads, whenever the link was told.
    """
    events = list(events)
    parents: dict[str, str] = {}
    for event in events:
        first, *rest = sorted(event.references)
        for name in rest:
            parents[root(parents, name)] = root(parents, first)
    components: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        components[root(parents, min(event.references))].append(event)
    return {name_of(component): component for component in components.values()}


def root(parents: dict[str, str], name: str) -> str:
    while parents.get(name, name) != name:
        name = parents[name]
    return name


def name_of(component: list[Event]) -> str:
    names = {name for event in component for name in event.references}
    return merchant_id(component) if any(name.startswith("order:") for name in names) else min(names)


def merchant_id(component: list[Event]) -> str:
    names = {name for event in component for name in event.references if name.startswith("order:")}
    if len(names) != 1:
        raise TwoMerchantOrders(names)
    return names.pop().removeprefix("order:")
