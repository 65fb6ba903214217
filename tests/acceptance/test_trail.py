"""The verifier on a trail of its own making: sound it is silent, and whatever is changed it finds."""

from __future__ import annotations

import copy
import json
import re
import unittest
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from uuid import UUID

import rfc8785

import labels
import trail
import trail_events
from fold import fold

AUDIT = Path(__file__).resolve().parents[2] / "docs" / "AUDIT.md"
ORDER = UUID("019346a0-0000-7000-8000-000000000001")


def sound(length: int) -> tuple[list[dict], dict]:
    rows, previous, status = [], trail.NOTHING_BEFORE, None
    for seq, to_status in enumerate(["pending", "authorized", "paid", "partially_refunded"][:length], start=1):
        row = {
            "order_id": ORDER, "seq": seq, "kind": "event", "webhook_id": UUID(int=seq), "source": "stripe",
            "dedup_key": f"evt_{seq}", "body_sha256": bytes([seq]) * 32, "native_type": "charge.refunded",
            "verdict": "applied", "label": min(labels.allowed(status, to_status), key=str), "from_status": status,
            "to_status": to_status, "reason": "Café €", "trust": "full",
            "order_refs": [{"merchant": True, "ref": "order:1"}],
            "effect": {"kind": "facts", "facts": [{"op": "refund", "amount": {"minor": 2500, "currency": "USD"}}]},
            "occurred_at": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            "recorded_at": datetime(2026, 1, 1, 0, 0, 1, 17, tzinfo=UTC), "correlation_id": "c",
            "trace_id": None, "rules": 1,
        }  # fmt: skip
        row |= {"prev_hash": previous, "hash": trail.digest(previous, row)}
        rows.append(row)
        previous, status = row["hash"], to_status
    return rows, {"id": ORDER, "status": status, "head_hash": previous}


class TrailTest(unittest.TestCase):
    def test_a_sound_trail_has_no_faults(self) -> None:
        self.assertEqual(trail.faults(*sound(4)), [])

    def test_the_record_is_what_the_document_says(self) -> None:
        row = sound(1)[0][0]
        told = trail.record(row)
        self.assertEqual(told["occurred_at"], "2025-12-31T22:00:00.000000Z")
        self.assertEqual(told["recorded_at"], "2026-01-01T00:00:01.000017Z")
        self.assertEqual((told["body_sha256"], told["order_id"]), ("01" * 32, str(ORDER)))
        self.assertIn('"reason":"Café €"', rfc8785.dumps(told).decode())
        self.assertEqual(len(told), 21)

    def test_the_worked_example_of_the_documentation_holds(self) -> None:
        """The product's own example, checked by a verifier that shares no code with it."""
        example = AUDIT.read_text().partition("## 6.")[2].partition("## 7.")[0]
        examples = re.findall(r"```(?:json|text)\n(.*?)```", example, re.DOTALL)
        rows, canonical, hashes, _, state = examples
        previous, found = trail.NOTHING_BEFORE, []
        for row, digest in zip(json.loads(rows), hashes.split(), strict=True):
            found.append(
                {**row, "order_id": UUID(row["order_id"]), "prev_hash": previous, "hash": bytes.fromhex(digest)}
            )
            previous = found[-1]["hash"]
        order = {"id": found[0]["order_id"], "status": json.loads(state)["status"], "head_hash": previous}
        self.assertEqual(trail.faults(found, order), [])
        self.assertEqual(rfc8785.dumps(trail.record(found[0])).decode(), canonical.strip())
        self.assertEqual(list(trail_events.faults({order["id"]: found}, {})), [])
        folded = asdict(fold(trail_events.event_of(row) for row in found))
        self.assertEqual({**folded, "flags": list(folded["flags"])}, json.loads(state))

    def test_any_changed_bit_is_found(self) -> None:
        random = Random(5)
        for _ in range(1_000):
            rows, order = copy.deepcopy(sound(4))
            row = random.choice(rows)
            column = random.choice([*trail.COLUMNS, "hash", "prev_hash"])
            row[column] = flipped(row[column], random)
            self.assertNotEqual(trail.faults(rows, order), [], column)

    def test_rows_taken_away_or_exchanged_are_found(self) -> None:
        rows, order = sound(4)
        for damaged in (rows[:-1], rows[1:], rows[:1] + rows[2:], [rows[0], rows[2], rows[1], rows[3]], []):
            self.assertNotEqual(trail.faults(damaged, order), [])

    def test_labels_follow_the_table(self) -> None:
        self.assertEqual(labels.allowed("authorized", "refunded"), {"normal"})
        self.assertEqual(labels.allowed("refunded", "paid"), {"correction"})
        self.assertEqual(labels.allowed("refunded", "pending"), {"anomaly"})
        self.assertEqual(labels.allowed(None, "pending"), {None})


def flipped(value: object, random: Random) -> object:
    """The value with the least change that its type allows."""
    match value:
        case bytes():
            at = random.randrange(len(value))
            return value[:at] + bytes([value[at] ^ (1 << random.randrange(8))]) + value[at + 1 :]
        case str():
            at = random.randrange(len(value))
            return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
        case int():
            return value ^ 1
        case UUID():
            return UUID(int=value.int ^ (1 << random.randrange(128)))
        case datetime():
            return value + timedelta(microseconds=1)
        case list() | dict():
            changed = copy.deepcopy(value)
            inner = changed[0] if isinstance(changed, list) else changed
            inner[next(iter(inner))] = "other"
            return changed
        case _:
            return "something"


if __name__ == "__main__":
    unittest.main()
