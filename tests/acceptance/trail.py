"""An independent verifier of audit trails (DOMAIN.md, section 5).

Reads the rows as PostgreSQL gives them and knows nothing of how they were written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import rfc8785

import labels

# What is hashed, in the words of the document. JCS sorts; the order here is only for reading.
COLUMNS = (
    "order_id", "seq", "kind", "webhook_id", "source", "dedup_key", "body_sha256", "native_type", "verdict", "label",
    "from_status", "to_status", "reason", "trust", "order_refs", "effect", "occurred_at", "recorded_at",
    "correlation_id", "trace_id", "rules",
)  # fmt: skip

NOTHING_BEFORE = bytes(32)

Row = Mapping[str, Any]


def record(row: Row) -> dict[str, Any]:
    """The JSON that is hashed: every column but the two hashes."""
    return {column: plain(row[column]) for column in COLUMNS}


def plain(value: Any) -> Any:
    """A column's value as JSON has it."""
    match value:
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case UUID():
            return str(value)
        case bytes() | memoryview():
            return bytes(value).hex()
        case _:
            return value


def digest(previous: bytes, row: Row) -> bytes:
    return hashlib.sha256(previous + rfc8785.dumps(record(row))).digest()


def faults(rows: Sequence[Row], order: Row) -> list[str]:
    """What is wrong with one order's trail, `rows` in the order of `seq`; nothing if it is sound."""
    found = []
    previous, status = NOTHING_BEFORE, None
    for expected_seq, row in enumerate(rows, start=1):
        where = f"order {order['id']}, seq {row['seq']}"
        if row["seq"] != expected_seq:
            found.append(f"{where}: expected seq {expected_seq}")
        if row["order_id"] != order["id"]:
            found.append(f"{where}: belongs to {row['order_id']}")
        if bytes(row["prev_hash"]) != previous:
            found.append(f"{where}: prev_hash is not the hash before it")
        if bytes(row["hash"]) != digest(previous, row):
            found.append(f"{where}: hash does not fit the record")
        if row["from_status"] != status:
            found.append(f"{where}: from_status {row['from_status']}, but the row before ended {status}")
        if row["to_status"] != "absorbed" and row["label"] not in labels.allowed(row["from_status"], row["to_status"]):
            found.append(f"{where}: {row['from_status']} to {row['to_status']} is labelled {row['label']}")
        previous, status = bytes(row["hash"]), row["to_status"]
    if not rows:
        found.append(f"order {order['id']}: no trail")
    elif bytes(order["head_hash"]) != previous:
        found.append(f"order {order['id']}: head_hash is not the last hash")
    if rows and order["status"] != status:
        found.append(f"order {order['id']}: is {order['status']}, its trail ends {status}")
    return found
