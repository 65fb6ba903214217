"""What is known of one operation or one object, from all that was told about it (DOMAIN.md, section 2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from events import AMOUNTS, OUTCOMES, TRUST, WORDS, Event, Fact, Money, Snapshot

NOTHING_TOLD = Money("", 0)
# Whoever could be anyone.
UNTRUSTED = ("unsigned", "checksum")


def counting(op: str) -> tuple[str, ...]:
    """The outcomes with which an operation has moved money."""
    return ("pending", "lost") if op == "dispute" else ("succeeded",)


@dataclass(frozen=True)
class Told:
    """A fact and who told it."""

    fact: Fact
    event: Event

    def precedence(self) -> tuple:
        """The greatest of these wins an operation; the order of arrival is not among them."""
        amount = (self.fact.amount is not None, self.fact.amount or NOTHING_TOLD)
        outcome, trust = OUTCOMES.index(self.fact.outcome), TRUST.index(self.event.trust)
        last = (self.fact.cumulative, self.fact.partial, self.fact.book)
        return (self.fact.first, outcome, trust, amount, self.event.dedup_key, *last)


class Operation:
    """All that was told about one operation."""

    def __init__(self, told: list[Told]) -> None:
        self.told = told
        best = max(told, key=Told.precedence)
        self.winner, self.trust = best.fact, best.event.trust
        self.op, self.op_ref = self.winner.op, self.winner.op_ref
        self.book, self.outcome = self.winner.book, self.winner.outcome
        groups = {one.fact.group for one in told if one.fact.group}
        # An operation without a group is its own; of several the alphabetically first counts.
        self.group = min(groups, default=self.op_ref)
        self.has_group = bool(groups)
        self.seen = max(one.event.occurred_at for one in told)

    @property
    def counts(self) -> bool:
        return self.outcome in counting(self.op)

    def amount(self, outcomes: Iterable[str]) -> Money | None:
        """What the operation alone moved: by the word that stands, else the most that was told with these outcomes."""
        if self.winner.amount and not self.winner.cumulative:
            return self.winner.amount
        # Corrections are kept apart from what senders told.
        deltas = [one.fact for one in self.told if not one.fact.cumulative and one.event.source != "admin"]
        return max((fact.amount for fact in deltas if fact.amount and fact.outcome in outcomes), default=None)

    def delta(self, currency: str | None, outcomes: Iterable[str] = ()) -> int:
        amount = self.amount(outcomes or counting(self.op))
        return amount.minor if amount and amount.currency == currency else 0

    def cumulative(self, currency: str | None) -> int:
        """The most that its group was said to have moved."""
        return max((amount.minor for amount in self.cumulatives() if amount.currency == currency), default=0)

    def cumulatives(self) -> list[Money]:
        facts = [one.fact for one in self.told if one.fact.cumulative and one.fact.outcome in counting(self.op)]
        return [fact.amount for fact in facts if fact.amount]

    def currencies(self) -> set[str]:
        """Those of the money that stands; what was corrected away does not."""
        standing = self.winner.amount or self.amount(counting(self.op))
        return {amount.currency for amount in [*([standing] if standing else []), *self.cumulatives()]}

    def contradicts_itself(self) -> bool:
        """Whether two amounts were told for one outcome. An operator's correction replaces, it does not contradict."""
        amounts = defaultdict(set)
        for one in self.told:
            if one.fact.amount and not one.fact.cumulative and one.event.source != "admin":
                amounts[one.fact.outcome].add(one.fact.amount)
        return any(len(several) > 1 for several in amounts.values())

    def is_about(self, name: str) -> bool:
        """Whether it is an operation of that object, or the object itself."""
        return self.op_ref == name or self.op_ref.startswith(f"{name}#") or (self.has_group and self.group == name)


class Object:
    """All snapshots of one object: each register is a maximum of its own."""

    def __init__(self, told: list[tuple[Snapshot, Event]]) -> None:
        self.told = told
        self.book = min(snapshot.book for snapshot, _ in told)
        self.seen = max(event.occurred_at for _, event in told)
        self.registers = {name: self.winner(name) for name in (*WORDS, *AMOUNTS, "deleted")}

    def __getattr__(self, name: str):
        """The value that a register holds; None where nobody spoke of it."""
        if name not in WORDS and name not in AMOUNTS and name != "deleted":
            raise AttributeError(name)
        found = self.registers[name]
        return found[0] if found else None

    def winner(self, name: str) -> tuple | None:
        said = [(getattr(snapshot, name), snapshot.first, event.trust) for snapshot, event in self.told]
        said = [one for one in said if one[0] is not None]
        best = max(said, key=lambda one: rank(name, *one), default=None)
        return best and (best[0], best[2])

    def amounts(self) -> list[Money]:
        return [amount for amount in (getattr(self, name) for name in AMOUNTS) if amount]

    def is_untrusted(self) -> bool:
        return any(found and found[1] in UNTRUSTED for found in self.registers.values())


def rank(name: str, value: object, first: int, trust: str) -> tuple:
    """Words go by time, then by their own rank, then by trust; amounts by time, trust, then size."""
    trusted = TRUST.index(trust)
    if name in WORDS:
        return (first, WORDS[name].index(value), trusted)
    return (first, value, trusted) if name == "deleted" else (first, trusted, value)
