"""The reference fold: an order's state from the whole set of its events (DOMAIN.md, sections 2 and 3; docs/RULES.md).

Written a second time, from the documents alone and over the whole set at once, so that a mistake in the product's
join or derivation is not repeated here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from events import WORDS, Event, Hint, Money, Snapshot
from standing import UNTRUSTED, Object, Operation, Told

DISPUTE_WORDS = {"lost": "lost", "pending": "open", "requested": "inquiry", "won": "won"}
# The operations whose amounts are summed: only they can be in a currency that does not fit.
MONEY = {"place", "authorize", "capture", "refund", "dispute"}
FULFILMENT_WORDS = {"fulfil": "fulfilled", "deliver": "delivered", "return": "returned"}
# By these words of a snapshot everything was captured, whatever went back since.
CLAIMS_CAPTURE = {"paid", "overpaid", "partially_refunded", "refunded"}
# The book of all payment providers: each sees its own part.
PAYMENTS = "payments"
OUTCOMES_OF_A_FAILED_REFUND = ("requested", "pending", "succeeded", "failed", "lost", "won")
SUM_MAX = 2**53 - 1


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


def fold(events: Iterable[Event], *, contradicted: bool = False) -> OrderState:
    """The state of one order. `contradicted`: a conflicting event left its mark on it."""
    once = list({event.key: event for event in events}.values())
    hints = [event.hint for event in once if event.hint]
    return Derivation(operations(once), objects(once), hints, contradicted).state()


def operations(events: Iterable[Event]) -> list[Operation]:
    """Gathers facts by operation."""
    gathered: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for event in events:
        for fact in event.facts:
            gathered[fact.op, fact.op_ref].append(Told(fact, event))
    return [Operation(told) for told in gathered.values()]


def objects(events: Iterable[Event]) -> dict[str, Object]:
    """Gathers snapshots by their object."""
    gathered: dict[str, list[tuple[Snapshot, Event]]] = defaultdict(list)
    for event in events:
        if event.snapshot:
            gathered[event.snapshot.object].append((event.snapshot, event))
    return {name: Object(told) for name, told in gathered.items()}


class Derivation:
    """Everything that follows from what an order's events told; the methods follow docs/RULES.md line by line."""

    def __init__(
        self, operations: list[Operation], objects: dict[str, Object], hints: list[Hint], contradicted: bool
    ) -> None:
        self.operations, self.objects, self.hints = operations, objects, hints
        self.shops = list(objects.values())
        self.contradicted = contradicted or any(operation.contradicts_itself() for operation in operations)
        self.currency = self.find_currency()
        self.total = self.find_total()
        self.authorized = capped(max(self.books(self.live("authorize", "succeeded"), moved).values(), default=0))
        self.captured = self.sum_captured()
        self.refunded = self.sum_refunded()
        self.disputed = capped(max(self.books(self.of("dispute"), moved).values(), default=0))

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

    def said(self, *words: str) -> bool:
        """Whether a snapshot's payment is one of these words."""
        return any(shop.payment in words for shop in self.shops)

    # Money

    def find_currency(self) -> str | None:
        """The currency of the first pool that has one; the alphabetically first of several."""
        pools = (
            self.currencies(self.of("place", "succeeded")) | {s.total.currency for s in self.shops if s.total},
            self.currencies(self.of("capture", "succeeded", "pending")),
            self.currencies(self.of("authorize")),
            self.currencies(self.of("refund") + self.of("dispute")),
            {amount.currency for shop in self.shops for amount in shop.amounts()},
        )
        return next((min(pool) for pool in pools if pool), None)

    @staticmethod
    def currencies(operations: list[Operation]) -> set[str]:
        return {currency for operation in operations for currency in operation.currencies()}

    def find_total(self) -> int | None:
        told = [o.winner.amount for o in self.of("place", "succeeded")] + [shop.total for shop in self.shops]
        return max((amount.minor for amount in told if amount and amount.currency == self.currency), default=None)

    def books(self, operations: list[Operation], of_group: Callable[[list[Operation], str], int]) -> dict[str, int]:
        """Operations of one book add up, group by group; of several books the greater counts, never the sum."""
        books: dict[str, int] = defaultdict(int)
        for group in by_group(operations):
            books[group[0].book] += of_group(group, self.currency)
        return books

    def sum_captured(self) -> int:
        told = [self.stated(shop.captured, shop.payment in CLAIMS_CAPTURE) for shop in self.shops]
        return capped(max([*self.books(self.of("capture"), moved).values(), *told], default=0))

    def sum_refunded(self) -> int:
        """A shop, and whatever only retells, does not hear of a refund that failed at its payment provider."""
        failed = self.books(self.of("refund"), failed_of).get(PAYMENTS, 0)
        books = self.books(self.of("refund"), given_back)
        told = [amount if book == PAYMENTS else amount - failed for book, amount in books.items()]
        told += [self.stated(shop.refunded, shop.payment == "refunded") - failed for shop in self.shops]
        return capped(max([*told, 0]))

    def stated(self, amount: Money | None, claims: bool) -> int:
        """A word without an amount beside it claims the total."""
        if amount is None:
            return self.total or 0 if claims else 0
        return amount.minor if amount.currency == self.currency else 0

    # Words

    def payment(self) -> str:
        captures = self.of("capture", "succeeded")
        whole = any(not capture.winner.partial for capture in captures)
        refunds = self.of("refund", "succeeded", "failed")
        states_captured = any(shop.captured for shop in self.shops)
        states_refunded = any(shop.refunded for shop in self.shops)
        unheard = not captures and not states_captured
        paid = whole or (self.said("paid") and unheard)
        if self.total is not None:
            paid = self.captured >= self.total and (self.captured > 0 or whole or self.said("paid", "overpaid"))
        voided = self.of("void", "succeeded") or [o for o in self.of("expire", "succeeded") if o.has_group]
        failed = not captures and self.of("capture", "failed") + self.of("authorize", "failed")
        attempts = self.live("capture") + self.live("authorize")
        rules = (
            ("refunded", self.refunded >= self.captured > 0),
            ("refunded", self.said("refunded") and unheard and not refunds and not states_refunded),
            ("partially_refunded", self.refunded > 0),
            ("partially_refunded", self.said("partially_refunded") and not refunds and not states_refunded),
            ("overpaid", self.total is not None and self.captured > self.total),
            ("overpaid", self.said("overpaid") and unheard),
            ("paid", paid),
            ("partially_paid", self.captured > 0 or any(is_of_unknown_amount(capture) for capture in captures)),
            ("partially_paid", self.said("partially_paid") and unheard),
            ("authorized", self.live("authorize", "succeeded") or self.said("authorized")),
            ("processing", any(o.outcome == "pending" for o in attempts) or self.said("processing")),
            ("requires_action", any(o.outcome == "requested" for o in attempts) or self.said("requires_action")),
            ("voided", voided or self.said("voided")),
            ("failed", failed or self.said("failed")),
        )
        return next((word for word, holds in rules if holds), "unpaid")

    def lifecycle(self) -> str:
        said = [shop.lifecycle for shop in self.shops if shop.lifecycle]
        said += ["deleted" for shop in self.shops if shop.deleted]
        said += ["cancelled" for _ in self.of("cancel", "succeeded")]
        said += ["expired" for expiry in self.of("expire", "succeeded") if not expiry.has_group]
        said += ["closed" for _ in self.of("close", "succeeded")]
        return furthest("lifecycle", said)

    def fulfilment(self) -> str:
        said = [shop.fulfilment for shop in self.shops if shop.fulfilment]
        # Whoever sees the whole order knows more than one parcel does.
        by_facts = [word for op, word in FULFILMENT_WORDS.items() if self.of(op, "succeeded")]
        return furthest("fulfilment", said + (["partial" for _ in by_facts] if said else by_facts))

    def dispute(self) -> str:
        said = (word for outcome, word in DISPUTE_WORDS.items() if self.of("dispute", outcome))
        return next(said, "none")

    def status(self, payment: str, lifecycle: str, dispute: str) -> str:
        expired = not self.of("void", "succeeded") and any(o.has_group for o in self.of("expire", "succeeded"))
        rules = (
            ("charged_back", dispute == "lost"),
            ("disputed", dispute == "open"),
            ("refunded", payment == "refunded"),
            ("partially_refunded", payment == "partially_refunded"),
            ("completed", payment == "paid" and lifecycle == "closed"),
            ("paid", payment in ("paid", "overpaid")),
            ("partially_paid", payment == "partially_paid"),
            ("cancelled", lifecycle in ("cancelled", "deleted")),
            ("expired", lifecycle == "expired"),
            ("authorized", payment == "authorized"),
            ("processing", payment == "processing"),
            ("requires_action", payment == "requires_action"),
            ("expired", payment == "voided" and expired),
            ("cancelled", payment == "voided"),
            ("failed", payment == "failed"),
        )
        return next((word for word, holds in rules if holds), "pending")

    def flags(self, lifecycle: str) -> set[str]:
        currencies = self.currencies([o for o in self.operations if o.op in MONEY])
        currencies |= {amount.currency for shop in self.shops for amount in shop.amounts()}
        rules = {
            "conflict": self.contradicted,
            "currency_mismatch": self.currency is not None and bool(currencies - {self.currency}),
            "needs_fetch": any(self.is_unanswered(hint) for hint in self.hints),
            "overpaid": self.total is not None and self.captured - self.refunded > self.total,
            "paid_after_cancel": lifecycle in ("cancelled", "deleted") and self.captured > self.refunded,
            "untrusted": self.is_untrusted(),
        }
        return {flag for flag, raised in rules.items() if raised}

    def is_unanswered(self, hint: Hint) -> bool:
        """Whether nothing that is known of the object is as late as the hint."""
        seen = [operation.seen for operation in self.operations if operation.is_about(hint.object)]
        seen += [self.objects[hint.object].seen] if hint.object in self.objects else []
        return all(hint.at > known for known in seen)

    def is_untrusted(self) -> bool:
        words = any(operation.trust in UNTRUSTED for operation in self.operations)
        return words or any(shop.is_untrusted() for shop in self.shops)


def moved(group: list[Operation], currency: str | None) -> int:
    """What the operations of a group moved: one by one, or in all, whichever says more."""
    counted = [operation for operation in group if operation.counts]
    deltas = sum(operation.delta(currency) for operation in counted)
    return max([deltas, *(operation.cumulative(currency) for operation in counted)])


def given_back(group: list[Operation], currency: str | None) -> int:
    """A cumulative amount still holds the refunds that failed after it was told."""
    counted = [operation for operation in group if operation.counts]
    deltas = sum(operation.delta(currency) for operation in counted)
    in_all = max((operation.cumulative(currency) for operation in counted), default=0)
    return max(deltas, in_all - failed_of(group, currency), 0)


def failed_of(group: list[Operation], currency: str | None) -> int:
    failed = [operation for operation in group if operation.outcome == "failed"]
    return sum(operation.delta(currency, OUTCOMES_OF_A_FAILED_REFUND) for operation in failed)


def is_of_unknown_amount(capture: Operation) -> bool:
    return capture.amount(("succeeded",)) is None and not capture.cumulatives()


def furthest(axis: str, words: list[str]) -> str:
    """The word of the highest rank; the lowest of all where nobody spoke."""
    ranks = WORDS[axis]
    return max(words, key=ranks.index, default=ranks[0])


def by_group(operations: list[Operation]) -> list[list[Operation]]:
    groups: dict[tuple[str, str], list[Operation]] = defaultdict(list)
    for operation in operations:
        groups[operation.book, operation.group].append(operation)
    return list(groups.values())


def capped(amount: int) -> int:
    return max(min(amount, SUM_MAX), 0)
