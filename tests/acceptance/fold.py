"""The reference fold: an order's state from the whole set of its events (DOMAIN.md, sections 2 and 3).

Written a second time, from the document alone and over the whole set at once, so that a mistake in the product's
join or derivation is not repeated here. It knows what native sources and Stripe can say; snapshots and hints, which
only other providers send, are not in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from events import OUTCOMES, TRUST, Event, Fact, Money

DISPUTE_WORDS = {"lost": "lost", "pending": "open", "requested": "inquiry", "won": "won"}
# The operations whose amounts are summed: only they can be in a currency that does not fit.
MONEY = {"place", "authorize", "capture", "refund", "dispute"}
FULFILMENT_WORDS = {"return": "returned", "deliver": "delivered", "fulfil": "fulfilled"}


@dataclass(frozen=True)
class OrderState:
    """What the row of an order must say."""

    status: str
    payment: str
    fulfilment: str
    dispute: str
    lifecycle: str
    currency: str | None
    total: int | None
    authorized: int
    captured: int
    refunded: int
    disputed: int
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """A fact and who told it."""

    fact: Fact
    event: Event

    def precedence(self) -> tuple:
        """The greatest of these wins an operation; the order of arrival is not among them."""
        amount = (self.fact.amount is not None, self.fact.amount or Money("", 0))
        outcome, trust = OUTCOMES.index(self.fact.outcome), TRUST.index(self.event.trust)
        return (self.fact.first, outcome, trust, amount, self.event.dedup_key)


class Operation:
    """All that was told about one operation."""

    def __init__(self, told: list[Told]) -> None:
        self.told = told
        self.winner = max(told, key=Told.precedence).fact
        self.op, self.book, self.outcome = self.winner.op, self.winner.book, self.winner.outcome
        groups = {one.fact.group for one in told if one.fact.group}
        # An operation without a group is its own; of several the alphabetically first counts.
        self.group = min(groups, default=self.winner.op_ref)
        self.has_group = bool(groups)

    def delta(self, currency: str | None) -> int:
        """What the operation alone moved."""
        amount = self.winner.amount
        return amount.minor if amount and not self.winner.cumulative and amount.currency == currency else 0

    def cumulative(self, currency: str | None) -> int:
        """The most that a success said its group has moved; nothing once the operation is known to have failed."""
        if self.outcome != "succeeded":
            return 0
        return max((amount.minor for amount in self.cumulatives() if amount.currency == currency), default=0)

    def cumulatives(self) -> list[Money]:
        facts = [one.fact for one in self.told if one.fact.cumulative and one.fact.outcome == "succeeded"]
        return [fact.amount for fact in facts if fact.amount]

    def currencies(self) -> set[str]:
        """Those of the money that stands; what was corrected away does not."""
        standing = [self.winner.amount] if self.winner.amount else []
        return {amount.currency for amount in standing + self.cumulatives()}

    def contradicts_itself(self) -> bool:
        """Whether two amounts were told for one outcome. An operator's correction replaces, it does not contradict."""
        amounts = defaultdict(set)
        for one in self.told:
            if one.fact.amount and not one.fact.cumulative and one.event.source != "admin":
                amounts[one.fact.outcome].add(one.fact.amount)
        return any(len(several) > 1 for several in amounts.values())


def fold(events: Iterable[Event], *, contradicted: bool = False) -> OrderState:
    """The state of one order. `contradicted`: a conflicting event left its mark on it."""
    return Derivation(operations(events), contradicted).state()


def operations(events: Iterable[Event]) -> list[Operation]:
    """Gathers facts by operation. An event told twice is one event."""
    gathered: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for event in {event.key: event for event in events}.values():
        for fact in event.facts:
            gathered[fact.op, fact.op_ref].append(Told(fact, event))
    return [Operation(told) for told in gathered.values()]


class Derivation:
    """Everything that follows from an order's operations; the methods follow DOMAIN.md, section 3, line by line."""

    def __init__(self, operations: list[Operation], contradicted: bool) -> None:
        self.operations = operations
        self.contradicted = contradicted or any(operation.contradicts_itself() for operation in operations)
        self.currency = self.find_currency()
        self.total = max((o.delta(self.currency) for o in self.of("place") if self.has_total(o)), default=None)
        self.captured = self.greatest_book(self.captured_of_group, self.of("capture"))
        self.authorized = self.greatest_book(self.captured_of_group, self.live("authorize", "succeeded"))
        self.refunded = self.greatest_book(self.refunded_of_group, self.of("refund"))
        self.disputed = sum(map(self.disputed_of_group, by_group(self.of("dispute"))))

    def state(self) -> OrderState:
        payment, lifecycle, dispute = self.payment(), self.lifecycle(), self.dispute()
        return OrderState(
            status=self.status(payment, lifecycle, dispute),
            payment=payment,
            fulfilment=self.fulfilment(),
            dispute=dispute,
            lifecycle=lifecycle,
            currency=self.currency,
            total=self.total,
            authorized=self.authorized,
            captured=self.captured,
            refunded=self.refunded,
            disputed=self.disputed,
            flags=tuple(sorted(self.flags(lifecycle))),
        )

    def of(self, op: str, *outcomes: str) -> list[Operation]:
        return [o for o in self.operations if o.op == op and (not outcomes or o.outcome in outcomes)]

    def live(self, op: str, *outcomes: str) -> list[Operation]:
        """Those that no void or expiry ended: of its group, or without a group of all of its book."""
        endings = self.of("void", "succeeded") + self.of("expire", "succeeded")
        ended = {(ending.book, ending.group if ending.has_group else None) for ending in endings}
        return [o for o in self.of(op, *outcomes) if (o.book, o.group) not in ended and (o.book, None) not in ended]

    # Money

    def find_currency(self) -> str | None:
        """The currency of the first pool that has one; the alphabetically first of several."""
        pools = (
            self.of("place", "succeeded"),
            self.of("capture", "succeeded", "pending"),
            self.of("authorize"),
            self.of("refund") + self.of("dispute"),
        )
        for pool in pools:
            if currencies := {currency for operation in pool for currency in operation.currencies()}:
                return min(currencies)
        return None

    def has_total(self, place: Operation) -> bool:
        amount = place.winner.amount
        return amount is not None and amount.currency == self.currency

    def captured_of_group(self, group: list[Operation]) -> int:
        deltas = sum(o.delta(self.currency) for o in group if o.outcome == "succeeded")
        return max([deltas, *(o.cumulative(self.currency) for o in group)])

    def refunded_of_group(self, group: list[Operation]) -> int:
        """A cumulative amount still holds the refunds that failed after it was told."""
        succeeded = sum(o.delta(self.currency) for o in group if o.outcome == "succeeded")
        failed = sum(o.delta(self.currency) for o in group if o.outcome == "failed")
        return max(succeeded, max(o.cumulative(self.currency) for o in group) - failed, 0)

    def disputed_of_group(self, group: list[Operation]) -> int:
        deltas = sum(o.delta(self.currency) for o in group if o.outcome in ("pending", "lost"))
        return max([deltas, *(o.cumulative(self.currency) for o in group)])

    @staticmethod
    def greatest_book(of_group, operations: list[Operation]) -> int:
        """Operations of one book add up; of several books the greater counts, never the sum."""
        books: dict[str, int] = defaultdict(int)
        for group in by_group(operations):
            books[group[0].book] += of_group(group)
        return max(books.values(), default=0)

    # Words

    def payment(self) -> str:
        captures = self.of("capture", "succeeded")
        says_paid = any(not capture.winner.partial for capture in captures)
        covered = self.total is not None and self.captured >= self.total and (self.captured > 0 or says_paid)
        attempts = self.live("capture") + self.live("authorize")
        voided = self.of("void", "succeeded") or [o for o in self.of("expire", "succeeded") if o.has_group]
        rules = (
            ("refunded", self.refunded >= self.captured > 0),
            ("partially_refunded", self.refunded > 0),
            ("overpaid", self.total is not None and self.captured > self.total),
            ("paid", says_paid if self.total is None else covered),
            ("partially_paid", self.captured > 0),
            ("authorized", self.live("authorize", "succeeded")),
            ("processing", any(attempt.outcome == "pending" for attempt in attempts)),
            ("requires_action", any(attempt.outcome == "requested" for attempt in attempts)),
            ("voided", voided),
            ("failed", not captures and self.of("capture", "failed") + self.of("authorize", "failed")),
        )
        return next((word for word, holds in rules if holds), "unpaid")

    def lifecycle(self) -> str:
        expired = [expiry for expiry in self.of("expire", "succeeded") if not expiry.has_group]
        rules = (
            ("cancelled", self.of("cancel", "succeeded")),
            ("expired", expired),
            ("closed", self.of("close", "succeeded")),
        )
        return next((word for word, holds in rules if holds), "open")

    def fulfilment(self) -> str:
        said = (word for op, word in FULFILMENT_WORDS.items() if self.of(op, "succeeded"))
        return next(said, "unfulfilled")

    def dispute(self) -> str:
        said = (word for outcome, word in DISPUTE_WORDS.items() if self.of("dispute", outcome))
        return next(said, "none")

    def status(self, payment: str, lifecycle: str, dispute: str) -> str:
        rules = (
            ("charged_back", dispute == "lost"),
            ("disputed", dispute == "open"),
            ("refunded", payment == "refunded"),
            ("partially_refunded", payment == "partially_refunded"),
            ("completed", payment == "paid" and lifecycle == "closed"),
            ("paid", payment in ("paid", "overpaid")),
            ("partially_paid", payment == "partially_paid"),
            ("cancelled", lifecycle == "cancelled"),
            ("expired", lifecycle == "expired"),
            ("authorized", payment == "authorized"),
            ("processing", payment == "processing"),
            ("requires_action", payment == "requires_action"),
            ("cancelled", payment == "voided" and self.of("void", "succeeded")),
            ("expired", payment == "voided"),
            ("failed", payment == "failed"),
        )
        return next((word for word, holds in rules if holds), "pending")

    def flags(self, lifecycle: str) -> set[str]:
        currencies = {currency for o in self.operations if o.op in MONEY for currency in o.currencies()}
        rules = {
            "conflict": self.contradicted,
            "currency_mismatch": self.currency is not None and bool(currencies - {self.currency}),
            "overpaid": self.total is not None and self.captured - self.refunded > self.total,
            "paid_after_cancel": lifecycle == "cancelled" and self.captured > self.refunded,
        }
        return {flag for flag, raised in rules.items() if raised}


def by_group(operations: list[Operation]) -> list[list[Operation]]:
    groups: dict[tuple[str, str], list[Operation]] = defaultdict(list)
    for operation in operations:
        groups[operation.book, operation.group].append(operation)
    return list(groups.values())
