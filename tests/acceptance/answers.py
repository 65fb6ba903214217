"""Whether every answer is what the contract says (DESIGN.md, section 3)."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from http_client import Response
from sender import Answer, Sent

# The body that goes with each final answer: exactly these fields, with these values where one is given.
QUEUED = {"message": None, "webhook_log_id": None, "status": "queued"}
NATIVE_QUEUED = QUEUED | {
    "message": "Webhook received and queued for processing",
    "txn_id": None,
    "processing_time_ms": None,
}
NATIVE_REPEATED = {"message": "Duplicate webhook detected", "status": "ignored", "txn_id": None}
REPEATED = {"message": None, "status": "ignored"}

BODIES = {
    ("payments", 202): NATIVE_QUEUED,
    ("payments", 409): NATIVE_REPEATED,
    ("admin", 202): NATIVE_QUEUED,
    ("admin", 409): NATIVE_REPEATED,
    ("stripe", 202): QUEUED,
    ("stripe", 200): REPEATED,
    ("classic", 202): QUEUED,
}


def faults(sent: Sent) -> Iterator[str]:
    for answer in sent.answers:
        yield from faults_of(answer)
    for response in sent.refused_answers:
        yield from faults_of_refusal(response)
    for webhook in sent.given_up:
        yield f"nobody took {webhook.body[:120]!r}"


def faults_of(answer: Answer) -> Iterator[str]:
    response, source = answer.response, answer.webhook.source
    expected = BODIES.get((source, response.status))
    if expected is None:
        yield f"{source}: answered {response.status} {response.body[:200]!r}"
        return
    body = response.json()
    if body.keys() != expected.keys() or any(value and body[name] != value for name, value in expected.items()):
        yield f"{source}: the body of {response.status} is {body}"
    if "webhook_log_id" in body and UUID(body["webhook_log_id"]).version != 7:
        yield f"{source}: {body['webhook_log_id']} is no uuid v7"
    if "x-correlation-id" not in response.headers:
        yield f"{source}: {response.status} without a correlation id"


def faults_of_refusal(response: Response) -> Iterator[str]:
    """Under load and faults a sender may be put off, but only so."""
    if response.status not in (429, 503):
        yield f"refused with {response.status} {response.body[:200]!r}"
    elif "retry-after" not in response.headers:
        yield f"{response.status} without Retry-After"


def accepted_ids(sent: Sent) -> list[UUID]:
    """The ids that were promised: one for each 202."""
    return [UUID(answer.response.json()["webhook_log_id"]) for answer in sent.answers if answer.response.status == 202]
