"""Deletes every key of Redis under a prefix, and nothing else: `forget_keys.py URL PREFIX`."""

import socket
import sys
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 5.0


class Redis:
    def __init__(self, text):
        url = urlsplit(text)
        address = (url.hostname or "127.0.0.1", url.port or 6379)
        self.stream = socket.create_connection(address, TIMEOUT_SECONDS).makefile("rwb")
        if url.password:
            self.ask("AUTH", *([unquote(url.username)] if url.username else []), unquote(url.password))
        self.ask("SELECT", url.path.strip("/") or "0")

    def ask(self, *words):
        self.stream.write(b"*%d\r\n" % len(words))
        for word in words:
            data = word if isinstance(word, bytes) else word.encode()
            self.stream.write(b"$%d\r\n%s\r\n" % (len(data), data))
        self.stream.flush()
        return self.answer()

    def answer(self):
        line = self.stream.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b"$":
            return self.stream.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        return rest


def main():
    redis, prefix = Redis(sys.argv[1]), sys.argv[2]
    cursor = b"0"
    while True:
        cursor, keys = redis.ask("SCAN", cursor, "MATCH", f"{prefix}:*", "COUNT", "1000")
        if keys:
            redis.ask("DEL", *keys)
        if cursor == b"0":
            return


if __name__ == "__main__":
    main()
