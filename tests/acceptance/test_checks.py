"""The checks themselves: each kind of broken promise, planted, is found. A check that never failed proves nothing."""

from __future__ import annotations

import unittest
from dataclasses import asdict
from random import Random
from uuid import UUID, uuid4

import answers
import checks
import native_life
from expectation import Expectation
from http_client import Response
from sender import Answer
from webhook import Webhook

ORDER = "550e8400-e29b-41d4-a716-446655440000"


class ChecksTest(unittest.TestCase):
    def setUp(self) -> None:
        self.webhooks = list(native_life.life("refunded in parts", ORDER, "e", 1_767_268_680_000_000, Random(1)))
        self.expected = Expectation()
        self.expected.will_count(self.webhooks)
        self.rows = [row(webhook, "applied") for webhook in self.webhooks]
        self.order = asdict(self.expected.states()[ORDER])
        self.order |= {"id": uuid4(), "external_id": ORDER, "exponent": 2, "absorbed_into": None}

    def accounted(self, accepted: list[UUID], recovered_max: int = 0) -> list[str]:
        return list(checks.not_accounted(self.rows, accepted, recovered_max))

    def test_every_202_is_one_row(self) -> None:
        ids = [row["id"] for row in self.rows]
        self.assertEqual(self.accounted(ids), [])
        self.assertNotEqual(self.accounted([*ids, uuid4()]), [], "lost")
        self.assertNotEqual(self.accounted([*ids, ids[0]]), [], "one id promised twice")
        self.assertNotEqual(self.accounted(ids[1:]), [], "from nowhere")
        self.assertEqual(self.accounted(ids[1:], recovered_max=1), [])
        self.rows[0] |= {"state": "retrying", "verdict": None}
        self.assertNotEqual(self.accounted(ids), [], "never decided")

    def counted_once(self) -> list[str]:
        return list(checks.not_counted_once(self.rows, self.expected))

    def test_every_key_counts_once(self) -> None:
        self.rows.append(row(self.webhooks[0], "duplicate"))
        self.assertEqual(self.counted_once(), [])
        self.rows[-1]["verdict"] = "no_change"
        self.assertNotEqual(self.counted_once(), [], "counted twice")
        self.rows[-1]["verdict"] = "conflict"
        self.assertNotEqual(self.counted_once(), [], "a contradiction that nobody sent")
        del self.rows[-1], self.rows[0]
        self.assertNotEqual(self.counted_once(), [], "not counted")

    def as_folded(self, *orders: dict) -> list[str]:
        return list(checks.not_as_folded({order["id"]: order for order in orders}, self.expected))

    def test_every_order_is_as_folded(self) -> None:
        self.assertEqual(self.as_folded(self.order), [])
        self.assertNotEqual(self.as_folded(), [], "missing")
        self.assertNotEqual(self.as_folded(self.order, self.order | {"id": uuid4()}), [], "made twice")
        self.assertNotEqual(
            self.as_folded(self.order, self.order | {"id": uuid4(), "external_id": None}), [], "left over"
        )
        for name, value in {
            "status": "paid",
            "refunded": 0,
            "currency": "EUR",
            "flags": ["conflict"],
            "exponent": 0,
        }.items():
            self.assertNotEqual(self.as_folded(self.order | {name: value}), [], name)

    def test_answers_are_what_the_contract_says(self) -> None:
        queued = b'{"message":"m","webhook_log_id":"019346a0-0000-7000-8000-000000000001","status":"queued"}'
        self.assertEqual(answered(202, queued), [])
        self.assertNotEqual(answered(202, queued.replace(b"-7000-", b"-4000-")), [], "no uuid v7")
        self.assertNotEqual(answered(202, b'{"message":"m","status":"queued"}'), [], "no id")
        self.assertNotEqual(answered(200, queued), [], "a marker hit without being one")
        self.assertNotEqual(answered(409, queued), [], "Stripe would repeat for days")
        self.assertNotEqual(list(answers.faults_of_refusal(Response(503, {}, b""))), [], "no Retry-After")
        self.assertNotEqual(list(answers.faults_of_refusal(Response(500, {}, b""))), [], "an internal error")


def row(webhook: Webhook, verdict: str) -> dict:
    source, dedup_key = webhook.event().key
    identity = {"id": uuid4(), "source": source, "dedup_key": dedup_key}
    return identity | {"state": "final", "verdict": verdict, "reason": "because"}


def answered(status: int, body: bytes) -> list[str]:
    response = Response(status, {"x-correlation-id": "c"}, body)
    return list(answers.faults_of(Answer(Webhook("stripe", b""), response, 0.0)))


if __name__ == "__main__":
    unittest.main()
