"""The label of a status change (DOMAIN.md, section 4), a second time."""

from __future__ import annotations

EARLY = ("pending", "requires_action", "processing", "failed")

NORMAL: dict[str, set[str]] = {
    **{key: {*EARLY, "authorized", "partially_paid", "paid", "completed", "cancelled", "expired"} for key in EARLY},
    "authorized": {"partially_paid", "paid", "completed", "cancelled", "expired"},
    "partially_paid": {"paid", "completed", "partially_refunded", "refunded", "cancelled"},
    "paid": {"completed", "partially_refunded", "refunded", "disputed", "charged_back"},
    "completed": {"paid", "partially_refunded", "refunded", "disputed", "charged_back"},
    "partially_refunded": {"refunded", "disputed", "charged_back"},
    "refunded": set(),
    "disputed": {"charged_back"},
    "charged_back": set(),
    "cancelled": {"expired"},
    "expired": {"cancelled"},
}

CORRECTION: dict[str, set[str]] = {
    "authorized": {"processing", "requires_action"},
    "partially_paid": {"authorized", "processing"},
    "paid": {"authorized", "partially_paid", "processing", "failed"},
    "completed": {"authorized", "partially_paid", "processing", "failed"},
    "partially_refunded": {"paid", "completed"},
    "refunded": {"partially_refunded", "paid", "completed"},
    "disputed": {"paid", "completed", "partially_refunded", "refunded"},
    "charged_back": {"paid", "completed", "disputed", "partially_refunded", "refunded"},
    "cancelled": {"pending", "authorized", "processing"},
    "expired": {"pending", "authorized", "processing"},
}

# Steps whose label depends on more than the two words: whether the shop voided the sale, whether a payment was voided.
EITHER = {(before, "cancelled") for before in ("paid", "completed")}
EITHER |= {(before, "paid") for before in ("cancelled", "expired")}


def allowed(before: str | None, after: str) -> set[str | None]:
    """The labels that the step may have; the first status of an order counts as a step from `pending`."""
    before = before or "pending"
    if before == after:
        return {None}
    if (before, after) in EITHER:
        return {"correction", "anomaly"}
    if after in reachable(before):
        return {"normal"}
    return {"correction" if after in CORRECTION.get(before, set()) else "anomaly"}


def reachable(status: str) -> set[str]:
    """By one or several normal steps: the stations between are merely late."""
    found, waiting = set(), [status]
    while waiting:
        new = NORMAL.get(waiting.pop(), set()) - found
        found |= new
        waiting.extend(new)
    return found
