"""The few words of Redis that are needed to look at keys and take them away."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit


class Redis:
    """One blocking connection to `redis://[user:password@]host[:port][/database]`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379), timeout=5)
        self.lines = self.socket.makefile("rb")
        if parts.password:
            self.ask("AUTH", *filter(None, (parts.username, unquote(parts.password))))
        if database := parts.path.strip("/"):
            self.ask("SELECT", database)

    def ask(self, *words: str):
        told = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in (word.encode() for word in words))
        self.socket.sendall(b"*%d\r\n" % len(words) + told)
        return self.answer()

    def answer(self):
        line = self.lines.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        match kind:
            case b"+":
                return rest.decode()
            case b":":
                return int(rest)
            case b"$":
                return None if rest == b"-1" else self.lines.read(int(rest) + 2)[:-2].decode()
            case b"*":
                return [self.answer() for _ in range(int(rest))]
        raise OSError(f"redis answered {line.decode() or 'nothing'}")

    def keys(self, pattern: str) -> Iterator[str]:
        cursor = "0"
        while True:
            cursor, found = self.ask("SCAN", cursor, "MATCH", pattern, "COUNT", "1000")
            yield from found
            if cursor == "0":
                return

    def delete(self, pattern: str) -> None:
        keys = list(self.keys(pattern))
        for start in range(0, len(keys), 500):
            self.ask("DEL", *keys[start : start + 500])

    def close(self) -> None:
        self.lines.close()
        self.socket.close()
