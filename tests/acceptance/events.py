"""What a webhook says, in the words of the domain: the input of the reference fold."""

from __future__ import annotations

from dataclasses import dataclass

TRUST = ("unsigned", "checksum", "bearer", "fields", "body_only", "full")
OUTCOMES = ("requested", "pending", "succeeded", "failed", "lost", "won")

# How many decimal digits ISO 4217 gives the currencies that the generated lives use.
EXPONENTS = {"EUR": 2, "GBP": 2, "JPY": 0, "KWD": 3, "USD": 2}


@dataclass(frozen=True, order=True)
class Money:
    """An amount in minor units. The currency comes first, so that a maximum never depends on arrival."""

    currency: str
    minor: int


@dataclass(frozen=True)
class Fact:
    """One statement about one operation."""

    op: str
    op_ref: str
    outcome: str = "succeeded"
    book: str = "payments"
    group: str | None = None
    amount: Money | None = None
    cumulative: bool = False
    partial: bool = False
    first: int = 0


@dataclass(frozen=True)
class Event:
    """One authentic webhook. `references` that start with `order:` are the merchant's own."""

    source: str
    dedup_key: str
    trust: str
    references: frozenset[str]
    facts: tuple[Fact, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What the deduplication goes by."""
        return (self.source, self.dedup_key)


class NotUnderstood(ValueError):
    """A body outside of what this reference reads: a mistake in the generator, not in the product."""
