"""What a webhook says, in the words of the domain: the input of the reference fold."""

from __future__ import annotations

from dataclasses import dataclass

TRUST = ("unsigned", "checksum", "bearer", "fields", "body_only", "full")
OUTCOMES = ("requested", "pending", "succeeded", "failed", "lost", "won")

# The words of a snapshot's registers, each worth more than the one before it where two were spoken at one time.
WORDS = {
    "lifecycle": ("open", "closed", "expired", "cancelled", "deleted"),
    "payment": (
        "unpaid", "requires_action", "processing", "failed", "authorized", "partially_paid", "paid", "overpaid",
        "partially_refunded", "refunded", "voided",
    ),
    "fulfilment": ("unfulfilled", "partial", "fulfilled", "delivered", "returned"),
}  # fmt: skip
AMOUNTS = ("total", "captured", "refunded")

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
class Snapshot:
    """An object as it was at a time or version; a register that is None says nothing."""

    object: str
    book: str
    first: int = 0
    lifecycle: str | None = None
    payment: str | None = None
    fulfilment: str | None = None
    total: Money | None = None
    captured: Money | None = None
    refunded: Money | None = None
    deleted: bool | None = None


@dataclass(frozen=True)
class Hint:
    """Something happened to an object, and its provider must be asked what."""

    object: str
    at: int


@dataclass(frozen=True)
class Event:
    """One authentic webhook. `references` that start with `order:` are the merchant's own; times are microseconds."""

    source: str
    dedup_key: str
    trust: str
    references: frozenset[str]
    facts: tuple[Fact, ...] = ()
    snapshot: Snapshot | None = None
    hint: Hint | None = None
    occurred_at: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """What the deduplication goes by."""
        return (self.source, self.dedup_key)

    @property
    def says_nothing(self) -> bool:
        """Whether it has nothing to do with an order: its verdict is `ignored`."""
        return not self.facts and self.snapshot is None and self.hint is None


class NotUnderstood(ValueError):
    """A body outside of what this reference reads: a mistake in the generator, not in the product."""
