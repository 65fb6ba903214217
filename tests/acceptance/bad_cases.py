"""What a webhook must not be, with the status that each must get."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import signing
from raw_http import request
from webhook import Webhook

GOOD = {
    "order_uuid": "550e8400-e29b-41d4-a716-446655440000",
    "txn_id": "TXN_1",
    "status": "paid",
    "amount": 99.99,
    "timestamp": "2026-01-01T12:00:00Z",
    "metadata": {"currency": "USD"},
}
AUTHENTIC = {"authorization": f"Bearer {signing.TOKENS['payments']}", "content-type": "application/json"}
BODY_BYTES_MAX = 262_144


@dataclass(frozen=True)
class Case:
    """One request. `closed`: ending the connection without a word is an answer too."""

    name: str
    pieces: tuple[bytes, ...]
    statuses: tuple[int, ...]
    closed: bool = False
    pause: float = 0.0
    mentions: str = ""


def post(body: bytes, headers: dict[str, str] = AUTHENTIC, path: str = "/webhooks/payments") -> tuple[bytes, ...]:
    return (request("POST", path, headers, body),)


def native(name: str, status: int, mentions: str = "", /, **fields: object) -> Case:
    """A native body with some fields replaced."""
    return Case(name, post(json.dumps(GOOD | fields).encode()), (status,), mentions=mentions)


def text(name: str, body: str | bytes, *statuses: int, mentions: str = "") -> Case:
    return Case(name, post(body if isinstance(body, bytes) else body.encode()), statuses, mentions=mentions)


def with_raw(field: str, raw: str) -> str:
    """The good body with one field's value written by hand, as no JSON library would."""
    return json.dumps(GOOD | {field: "RAW"}).replace('"RAW"', raw)


def not_json() -> Iterator[Case]:
    good = json.dumps(GOOD)
    for name, body in {
        "words": "hello", "nothing": "", "cut off": good[:-5], "bytes after it": good + "x",
        "two documents": good + good, "single quotes": good.replace('"', "'"), "comment": "/* */" + good,
    }.items():  # fmt: skip
        yield text(name, body, 400)
    yield text("a byte order mark", b"\xef\xbb\xbf" + good.encode(), 400)
    yield text("invalid UTF-8", good.replace("TXN_1", "\udcff").encode("utf-8", "surrogateescape"), 400)
    yield text("a lone surrogate", good.replace("TXN_1", r"\ud800"), 400, 422)
    for name, body in {"null": "null", "an array": "[]", "a string": '"x"', "a number": "1"}.items():
        yield text(name, body, 400, 422)
    yield text("a key twice", good[:-1] + ',"amount":1}', 400)
    yield text("a key twice, spelled with an escape", good[:-1] + r',"\u0061mount":1}', 400)
    yield text("a key twice, inside", good.replace('"currency"', '"currency":"EUR","currency"'), 400)
    yield text("33 levels", with_raw("metadata", "[" * 33 + "]" * 33), 400)
    yield text("100,000 levels", "[" * 100_000 + "]" * 100_000, 400)
    yield text("100,000 levels inside", with_raw("metadata", "[" * 100_000 + "]" * 100_000), 400)


def wrong_fields() -> Iterator[Case]:
    for field in ("order_uuid", "txn_id", "status", "amount", "timestamp"):
        without = {name: value for name, value in GOOD.items() if name != field}
        yield text(f"no {field}", json.dumps(without), 422, mentions=field)
        for value in (None, True, [], {}, ""):
            yield native(f"{field} {json.dumps(value)}", 422, field, **{field: value})
    for field in ("order_uuid", "txn_id", "status", "timestamp"):
        yield native(f"{field} 5", 422, field, **{field: 5})
    for value in ("paid ", "PAID", "unknown"):
        yield native(f"status {value!r}", 422, "status", status=value)
    for value in ([], "USD", 5):
        yield native(f"metadata {value!r}", 422, "metadata", metadata=value)
    for value in ("XXX", "US", "ÚSD", "", 5, "USDD"):
        yield native(f"currency {value!r}", 422, "currency", metadata={"currency": value})


def wrong_amounts() -> Iterator[Case]:
    long = "9" * 400
    for raw in ("99.999", "1e400", "1E2", "1e-400", "-1", "-0.01", "9007199254740993", "90071992547409.92", long):
        yield text(f"amount {raw[:20]}", with_raw("amount", raw), 422, mentions="amount")
        yield text(f'amount "{raw[:20]}"', with_raw("amount", f'"{raw}"'), 422, mentions="amount")
    for raw in ("NaN", "Infinity", "-", "01", "+1", ".5", "1.", "0x10"):
        yield text(f"amount {raw}", with_raw("amount", raw), 400)
    for value in ("ten", " 1", "1 ", "1,000", "1.", ".5", "+1", "0x10", "NaN", "\u0661", "--1"):
        yield native(f"amount {value!r}", 422, "amount", amount=value)
    yield native("a hundredth of a yen", 422, "amount", amount="1.5", metadata={"currency": "JPY"})


def wrong_ids() -> Iterator[Case]:
    for name, value in {
        "NUL": "TXN\0", "CRLF": "TXN\r\nX: y", "an emoji": "TXN😀", "10 KB": "T" * 10_240, "an escape": "TXN\x1b[31m",
        "right to left": "TXN\u202e",
    }.items():  # fmt: skip
        yield native(f"txn_id with {name}", 422, "txn_id", txn_id=value)
        yield native(f"event_id with {name}", 422, "event_id", event_id=value)
        yield native(f"order_uuid with {name}", 422, "order_uuid", order_uuid=value)


def wrong_times() -> Iterator[Case]:
    ahead = (datetime.now(UTC) + timedelta(minutes=11)).isoformat()
    for value in (
        "yesterday", "2026-01-01", "2026-01-01T12:00:00", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
        "0000-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "9999-12-31T23:59:60Z", "1767268800", ahead,
    ):  # fmt: skip
        yield native(f"timestamp {value}", 422, "timestamp", timestamp=value)


def not_believed() -> Iterator[Case]:
    good = json.dumps(GOOD).encode()
    for name, headers in {
        "no token": {"authorization": ""}, "another token": {"authorization": "Bearer nope"},
        "another scheme": {"authorization": f"Basic {signing.TOKENS['payments']}"},
        "the token and more": {"authorization": AUTHENTIC["authorization"] + "x"},
        "another source's token": {"authorization": f"Bearer {signing.TOKENS['admin']}"},
    }.items():  # fmt: skip
        yield Case(name, post(good, AUTHENTIC | headers), (401,))
    yield Case("not believed and not JSON", post(b"{", AUTHENTIC | {"authorization": "Bearer nope"}), (401,))
    yield Case("an unknown source", post(good, path="/webhooks/unknown"), (401,))
    yield Case("a source with a hostile name", post(good, path="/webhooks/%2e%2e%2f%00"), (401, 404))
    event = Webhook("stripe", json.dumps({"id": "evt_1", "object": "event", "type": "charge.captured"}).encode())
    authentic = signing.headers(event)
    signature = authentic["stripe-signature"]
    signed_at, v1 = signature.split(",")
    sign = signing.stripe.WebhookSignature.generate_signature_header
    for name, told in {
        "no signature": "", "no time": v1, "no version 1": signature.replace("v1=", "v0="), "no scheme": v1[3:],
        "cut short": signature[:-2], "a time of words": signature.replace("t=", "t=x"),
        "a sign": signature.replace("t=", "t=+"), "of another body": sign("{}", signing.STRIPE_SECRET),
        "by another secret": sign(event.body.decode(), "whsec_other"),
        "301 s old": sign(event.body.decode(), signing.STRIPE_SECRET, int(time.time()) - 301),
        "a thousand": signed_at + ",v1=00" * 1_000,
    }.items():  # fmt: skip
        headers = authentic | {"stripe-signature": told}
        yield Case(f"stripe signature: {name}", post(event.body, headers, "/webhooks/stripe"), (401,))


def wrong_wrapping() -> Iterator[Case]:
    good = json.dumps(GOOD).encode()
    form = "application/x-www-form-urlencoded"
    for kind in ("text/plain", "multipart/form-data", form, "", "application/json; charset=utf-16"):
        yield Case(f"content type {kind!r}", post(good, AUTHENTIC | {"content-type": kind}), (415,))
    for coding in ("gzip", "br", "deflate", "zstd"):
        headers = AUTHENTIC | {"content-encoding": coding}
        yield Case(f"content encoding {coding}", post(gzip.compress(good), headers), (415,))
    bomb = gzip.compress(bytes(10_000_000))
    yield Case("a gzip bomb", post(bomb, AUTHENTIC | {"content-encoding": "gzip"}), (415,))
    yield Case("a body over the limit", post(b" " * (BODY_BYTES_MAX + 1)), (413,))
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    head = request("POST", "/webhooks/payments", AUTHENTIC | {"transfer-encoding": "chunked"})
    head = head.replace(b"content-length: 0\r\n", b"")
    yield Case("a chunked body over the limit", (head, *[chunk] * 5, b"0\r\n\r\n"), (413,))
    yield Case("a GET", (request("GET", "/webhooks/payments", AUTHENTIC),), (405,))
    yield Case("a PUT", (request("PUT", "/webhooks/payments", AUTHENTIC, good),), (405,))
    yield Case("another path", post(good, path="/"), (404,))
    yield Case("the ops paths in public", (request("GET", "/metrics", {}),), (404,))


def slow() -> Iterator[Case]:
    good = json.dumps(GOOD).encode()
    whole = post(good)[0]
    yield Case("a body that never ends", (whole[:-20], b"x"), (408,), pause=6.5)
    drops = (whole[at : at + 1] for at in range(-10, -2))
    yield Case("a body byte by byte", (whole[:-10], *drops), (408,), pause=0.9)
    yield Case("a head that never ends", (whole[:30], b"x"), (408,), closed=True, pause=6.5)


def wrong_framing() -> Iterator[Case]:
    good = json.dumps(GOOD).encode()
    plain = request("POST", "/webhooks/payments", AUTHENTIC, good)
    length = f"content-length: {len(good)}\r\n".encode()

    def instead(*lines: bytes) -> tuple[bytes, ...]:
        return (plain.replace(length, b"".join(line + b"\r\n" for line in lines)),)

    def old(pieces: tuple[bytes, ...]) -> tuple[bytes, ...]:
        return tuple(piece.replace(b"HTTP/1.1", b"HTTP/1.0") for piece in pieces)

    both = (length[:-2], b"transfer-encoding: chunked")
    for name, pieces in {
        "length and chunked": instead(*both), "chunked and length": instead(*reversed(both)),
        "two lengths": instead(length[:-2], b"content-length: 5"), "length +5": instead(b"content-length: +5"),
        "length 5, 5": instead(b"content-length: 5, 5"), "length 0x5": instead(b"content-length: 0x5"),
        "a negative length": instead(b"content-length: -5"),
        "a huge length": instead(b"content-length: 18446744073709551616"),
        "xchunked": instead(b"transfer-encoding: xchunked"),
        "identity": instead(b"transfer-encoding: chunked, identity"),
        "a folded header": instead(length[:-2], b"x-folded: a", b" b"),
        "NUL in a header": instead(length[:-2], b"x-nul: a\0b"),
        "a space before the colon": instead(b"content-length : %d" % len(good)),
        "HTTP/1.0 in chunks": old(instead(b"transfer-encoding: chunked")),
        "HTTP/1.0 of no length": old(instead(b"x-no-length: 1")),
        "HTTP/9.9": (plain.replace(b"HTTP/1.1", b"HTTP/9.9"),),
        "two tokens": instead(length[:-2], b"authorization: Bearer nope"),
    }.items():  # fmt: skip
        yield Case(name, pieces, (400, 401, 411, 413, 415, 501, 505), closed=True)
    long, many = b"x-long: " + b"a" * 262_144, (b"x-%d: a" % number for number in range(200))
    yield Case("a head of 256 KiB", instead(length[:-2], long), (400, 413, 431), closed=True)
    yield Case("two hundred headers", instead(length[:-2], *many), (400, 431), closed=True)


def all_cases() -> Iterator[Case]:
    for cases in (
        not_json, wrong_fields, wrong_amounts, wrong_ids, wrong_times, not_believed, wrong_wrapping, wrong_framing,
        slow,
    ):  # fmt: skip
        yield from cases()


def good_ones() -> Iterator[Case]:
    """What looks odd and is right: each must be accepted, and each is one message."""
    yield native("as it should be", 202)
    yield native("decimal text", 202, txn_id="TXN_2", amount="99.90")
    yield native("trailing zeros", 202, txn_id="TXN_3", amount="1.5000")
    yield native("an upper-case UUID", 202, txn_id="TXN_4", order_uuid=GOOD["order_uuid"].upper())
    yield native("another offset", 202, txn_id="TXN_5", timestamp="2026-01-01T12:00:00.123456789+14:00")
    yield native("unknown fields", 202, txn_id="TXN_6", __proto__={"a": [1, 2, {"b": None}]})
    yield native("nothing paid", 202, txn_id="TXN_7", amount=0)
    yield native("a currency without minor units", 202, txn_id="TXN_8", amount=500, metadata={"currency": "JPY"})
    alias = json.dumps(GOOD | {"txn_id": "TXN_9"}).encode()
    yield Case("the alias of the path", post(alias, path="/webhooks/payment"), (202,))
    # RFC 9112, section 2.2: a recipient may take a single line feed for the end of a line.
    bare = post(json.dumps(GOOD | {"txn_id": "TXN_12"}).encode())[0].replace(b"\r\n", b"\n")
    yield Case("bare line feeds", (bare,), (202,))
    api = json.dumps(GOOD | {"txn_id": "TXN_10"}).encode()
    yield Case("the path under /api", post(api, path="/api/webhooks/payments"), (202,))
    api_alias = json.dumps(GOOD | {"txn_id": "TXN_11"}).encode()
    yield Case("the alias under /api", post(api_alias, path="/api/webhooks/payment"), (202,))
