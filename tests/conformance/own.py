"""Signatures made here, by the rules that providers publish, where no package of theirs makes them."""

from __future__ import annotations

import hashlib
import hmac
import uuid
import zlib
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from messages import Message

PAYPAL_WEBHOOK_ID = "1JE4291016473214C"


def digest(secret: str, signed: bytes) -> bytes:
    return hmac.digest(secret.encode(), signed, hashlib.sha256)


def square(message: Message, secret: str, url: str) -> Message:
    signature = b64encode(digest(secret, url.encode() + message.body)).decode()
    return message.having(x_square_hmacsha256_signature=signature)


def woocommerce(message: Message, secret: str, _url: str) -> Message:
    return message.having(x_wc_webhook_signature=b64encode(digest(secret, message.body)).decode())


def lightspeed_c(message: Message, secret: str, _url: str) -> Message:
    return message.having(x_signature=hashlib.md5(message.body + secret.encode()).hexdigest())


def lightspeed_x(message: Message, secret: str, _url: str) -> Message:
    signature = digest(secret, message.body).hex()
    return message.having(x_signature=f"signature={signature},algorithm=HMAC-SHA256")


def bearer(message: Message, token: str, _url: str) -> Message:
    return message.having(authorization=f"Bearer {token}")


def token_in_url(message: Message, token: str, _url: str) -> Message:
    return replace(message, query=f"?access_token={token}")


def paypal_key() -> str:
    """A key as simulators have one, as PEM."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def paypal(message: Message, key: str, _url: str) -> Message:
    transmission, time = str(uuid.uuid4()), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    signed = f"{transmission}|{time}|{PAYPAL_WEBHOOK_ID}|{zlib.crc32(message.body)}"
    private = serialization.load_pem_private_key(key.encode(), password=None)
    signature = private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return message.having(
        paypal_transmission_id=transmission,
        paypal_transmission_time=time,
        paypal_transmission_sig=b64encode(signature).decode(),
        paypal_cert_url="https://api.sandbox.paypal.com/v1/notifications/certs/CERT-conformance",
        paypal_auth_algo="SHA256withRSA",
    )
