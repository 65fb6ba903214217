"""The packages of PyPI. A package that raises on a bad signature says no in its own way."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import standardwebhooks
import stripe
import svix.webhooks
from Adyen.util import generate_notification_sig, is_valid_hmac_notification
from cloudevents.core.bindings import http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from mollie.utils.webhooks import InvalidSignatureException, SignatureValidator
from square.utils.webhooks_helper import verify_signature

import own
from messages import Message
from signer import Signer


def stripe_sign(message: Message, secret: str, _url: str) -> Message:
    signature = stripe.WebhookSignature.generate_signature_header(message.body.decode(), secret)
    return message.having(stripe_signature=signature)


def stripe_verify(message: Message, secret: str, _url: str) -> bool:
    try:
        stripe.Webhook.construct_event(message.body, message.headers.get("stripe-signature", ""), secret)
    except stripe.SignatureVerificationError:
        return False
    return True


def standard_sign(webhook: Callable, prefix: str) -> Callable[[Message, str, str], Message]:
    """Both packages of the family have one interface, and headers with a prefix of their own."""

    def sign(message: Message, secret: str, _url: str) -> Message:
        name, now = message.headers["webhook-id"], datetime.now(UTC)
        headers = {
            "content-type": message.headers["content-type"],
            f"{prefix}-id": name,
            f"{prefix}-timestamp": str(int(now.timestamp())),
            f"{prefix}-signature": webhook(secret).sign(name, now, message.body.decode()),
        }
        return Message(headers, message.body)

    return sign


def standard_verify(webhook: Callable) -> Callable[[Message, str, str], bool]:
    def verify(message: Message, secret: str, _url: str) -> bool:
        try:
            webhook(secret).verify(message.body, message.headers)
        except standardwebhooks.WebhookVerificationError:
            return False
        return True

    return verify


def cloudevents_encode(message: Message, token: str, _url: str) -> Message:
    """The package encodes; a token is all that protects a cloud event."""
    attributes = json.loads(message.body)
    data = attributes.pop("data")
    attributes["time"] = datetime.fromisoformat(attributes["time"])
    event = CloudEvent(attributes, data)
    structured = message.headers["content-type"] == "application/cloudevents+json"
    encoded = (http.to_structured if structured else http.to_binary)(event, JSONFormat())
    headers = {name.lower(): text for name, text in encoded.headers.items()}
    return own.bearer(Message(headers, encoded.body), token, "")


def square_verify(message: Message, secret: str, url: str) -> bool:
    return verify_signature(
        request_body=message.body.decode(),
        signature_header=message.headers.get("x-square-hmacsha256-signature", ""),
        signature_key=secret,
        notification_url=url,
    )


def adyen_sign(message: Message, secret: str, _url: str) -> Message:
    batch = json.loads(message.body)
    for item in batch["notificationItems"]:
        fields = item["NotificationRequestItem"]
        fields["additionalData"] = {"hmacSignature": generate_notification_sig(fields, secret).decode()}
    return Message(message.headers, json.dumps(batch).encode())


def adyen_verify(message: Message, secret: str, _url: str) -> bool:
    try:
        return is_valid_hmac_notification(json.loads(message.body), secret)
    except KeyError:  # Its way of missing a signature.
        return False


def mollie_sign(message: Message, secret: str, _url: str) -> Message:
    signature = SignatureValidator.create_signature(message.body.decode(), secret)
    return message.having(x_mollie_signature=f"sha256={signature}")


def mollie_verify(message: Message, secret: str, _url: str) -> bool:
    try:
        return SignatureValidator.validate(message.body.decode(), secret, message.headers.get("x-mollie-signature"))
    except InvalidSignatureException:
        return False


STRIPE = Signer("PyPI", "stripe", stripe_sign, stripe_verify)
STANDARD = Signer(
    "PyPI",
    "standardwebhooks",
    standard_sign(standardwebhooks.Webhook, "webhook"),
    standard_verify(standardwebhooks.Webhook),
)
SVIX = Signer("PyPI", "svix", standard_sign(svix.webhooks.Webhook, "svix"), standard_verify(svix.webhooks.Webhook))
CLOUDEVENTS = Signer("PyPI", "cloudevents", cloudevents_encode)
SQUARE = Signer("PyPI", "squareup", own.square, square_verify, signs_itself=False)
ADYEN = Signer("PyPI", "Adyen", adyen_sign, adyen_verify)
MOLLIE = Signer("PyPI", "mollie-api-py", mollie_sign, mollie_verify)
