"""Signatures made here, by the rules that providers publish, where no package of theirs makes them."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from dataclasses import replace

from messages import Message


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
