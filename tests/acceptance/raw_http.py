"""Requests as no library would send them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable

from http_client import Response

# Slow requests are cut off after the body's deadline of 5 s; the rest answer at once.
ANSWER_SECONDS_MAX = 9


def exchange(port: int, pieces: Iterable[bytes], pause: float = 0.0) -> Response | None:
    """Sends the pieces, `pause` seconds apart, and reads one response; none where the connection was closed instead."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS_MAX) as connection:
        try:
            for number, piece in enumerate(pieces):
                if number:
                    time.sleep(pause)
                connection.sendall(piece)
        except OSError:
            pass  # Refused before the end; the answer may be there all the same.
        return receive(connection)


def receive(connection: socket.socket) -> Response | None:
    received = b""
    try:
        while not complete(received) and (chunk := connection.recv(65_536)):
            received += chunk
    except ConnectionError:
        pass
    if b"\r\n\r\n" not in received:
        return None
    head, _, body = received.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Response(int(status_line.split(" ", 2)[1]), headers, body)


def complete(received: bytes) -> bool:
    head, found, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(found) and len(body) >= int(lengths[0] if lengths else 0)


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A well-formed request; `content-length` may be given to be wrong."""
    told = {"host": "hooks.example", "content-length": str(len(body))} | headers
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
