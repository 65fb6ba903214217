"""What is sent: bodies and headers as providers write them, before anybody signs."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass, field, replace
from pathlib import Path

VECTORS = Path(__file__).resolve().parents[2] / "crates/providers/tests/vectors"

# What a signer adds, and what therefore goes when a recorded request becomes a message to sign.
SIGNATURES = {
    "authorization",
    "paypal-auth-algo",
    "paypal-cert-url",
    "paypal-transmission-id",
    "paypal-transmission-sig",
    "paypal-transmission-time",
    "stripe-signature",
    "webhook-signature",
    "webhook-timestamp",
    "x-hub-signature-256",
    "x-mollie-signature",
    "x-shopify-hmac-sha256",
    "x-signature",
    "x-square-hmacsha256-signature",
    "x-wc-webhook-signature",
}


@dataclass(frozen=True)
class Message:
    """Names of headers are in lower case."""

    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    query: str = ""

    def having(self, **headers: str) -> Message:
        """With more headers; `_` stands for `-`."""
        return replace(self, headers=self.headers | {name.replace("_", "-"): text for name, text in headers.items()})


def recorded(provider: str, name: str) -> Message:
    """The request of that name among the provider's vectors, without its signature."""
    vectors = json.loads((VECTORS / f"{provider}.json").read_text())["vectors"]
    vector = next(vector for vector in vectors if vector["name"] == name)
    headers = {key.lower(): text for key, text in vector["headers"].items() if key.lower() not in SIGNATURES}
    return Message(headers, unsigned(b64decode(vector["body_b64"])))


def unsigned(body: bytes) -> bytes:
    """The body without the signatures that Adyen writes into it; every other body as it is."""
    if b"hmacSignature" not in body:
        return body
    batch = json.loads(body)
    for item in batch["notificationItems"]:
        del item["NotificationRequestItem"]["additionalData"]["hmacSignature"]
    return json.dumps(batch, separators=(",", ":")).encode()


def cloud_events() -> list[Message]:
    """Two events; the content type asks whoever encodes them for the binary and for the structured mode."""
    paid, refunded = json.loads(recorded("cloudevents", "batch.2").body)
    kinds = {"application/json": paid, "application/cloudevents+json": refunded}
    return [Message({"content-type": kind}, json.dumps(event).encode()) for kind, event in kinds.items()]
