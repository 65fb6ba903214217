"""Lives of native payments: what one payment's transactions say, in the order in which they happened."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random

from native_events import rfc3339
from webhook import Webhook

SECOND = 1_000_000

# (transaction, status, amount in minor units). Statuses of one transaction replace each other; an amount stays the same
# as long as the outcome does, or the life would contradict itself.
Step = tuple[str, str, int]

LIVES: dict[str, Callable[[int], list[Step]]] = {
    "placed, paid, delivered": lambda sum_: [
        ("order", "placed", sum_), ("pay", "pending", sum_), ("pay", "authorized", sum_), ("pay", "paid", sum_),
        ("pay", "completed", sum_), ("parcel", "shipped", 0), ("parcel", "delivered", 0),
    ],
    "declined, paid with another card": lambda sum_: [
        ("first", "processing", sum_), ("first", "declined", sum_), ("second", "requires_action", sum_),
        ("second", "success", sum_),
    ],
    "authorized, cancelled": lambda sum_: [
        ("order", "created", sum_), ("pay", "authorized", sum_), ("pay", "voided", sum_), ("order", "cancelled", sum_),
    ],
    "only failed": lambda sum_: [("pay", "pending", sum_), ("pay", "failed", sum_)],
    "expired": lambda sum_: [("order", "placed", sum_), ("pay", "requires_action", sum_), ("order", "expired", sum_)],
    "paid in parts": lambda sum_: [
        ("order", "placed", 2 * sum_), ("one", "partially_paid", sum_), ("two", "partially_paid", sum_),
    ],
    "part paid": lambda sum_: [("order", "placed", 3 * sum_), ("one", "partially_paid", sum_)],
    "overpaid": lambda sum_: [("order", "placed", sum_), ("one", "paid", sum_), ("two", "paid", sum_ // 2 + 1)],
    "refunded in parts": lambda sum_: [
        ("pay", "paid", 2 * sum_), ("back_one", "partially_refunded", sum_), ("back_two", "refunded", sum_),
        ("parcel", "returned", 0),
    ],
    "refund failed": lambda sum_: [
        ("pay", "paid", 2 * sum_), ("back", "partially_refunded", sum_), ("back", "refund_failed", sum_),
    ],
    "dispute won": lambda sum_: [("pay", "paid", sum_), ("claim", "disputed", sum_), ("claim", "dispute_won", sum_)],
    "charged back": lambda sum_: [
        ("pay", "completed", sum_), ("parcel", "shipped", 0), ("claim", "disputed", sum_),
        ("claim", "charged_back", sum_),
    ],
    "paid after it was cancelled": lambda sum_: [("order", "cancelled", sum_), ("pay", "paid", sum_)],
}  # fmt: skip


def life(name: str, order: str, episode: str, start: int, random: Random) -> Iterator[Webhook]:
    """The webhooks of one payment. `start` is in microseconds since 1970; `episode` keeps its transactions apart."""
    happened = start
    for transaction, status, minor in LIVES[name](random.randint(2, 50_000)):
        # Some steps share a second, and a few the very microsecond: precedence must not need the clock.
        happened += random.choice((0, 137, SECOND, 60 * SECOND))
        yield webhook(order, f"{episode}-{transaction}", status, minor, happened, random)


def webhook(order: str, transaction: str, status: str, minor: int, happened: int, random: Random) -> Webhook:
    told = {
        "order_uuid": order,
        "txn_id": transaction,
        "status": status,
        "amount": "AMOUNT",
        "timestamp": rfc3339(happened),
        "metadata": {"currency": "USD", "payment_method": "credit_card"},
    }
    # As a JSON number or as decimal text: both are allowed, and a number must not become a float on the way.
    decimal = f"{minor // 100}.{minor % 100:02d}"
    body = json.dumps(told).replace('"AMOUNT"', random.choice((decimal, f'"{decimal}"')))
    return Webhook("payments", body.encode())
