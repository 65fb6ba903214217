"""A webhook as it is stored, and what it says by its provider's reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Received:
    """What is kept of a webhook; of a batch, one event of it. `received_at` is in microseconds."""

    source: str
    body: bytes
    headers: Mapping[str, str]
    webhook_id: str
    received_at: int
