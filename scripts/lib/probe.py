"""Says whether a server speaks its protocol and lets us in: `probe.py URL`.

Prints one line. Exits 0 when the server can be used, 1 when it cannot and 2 when nothing answers.
An open port is not enough: another program, an older server or a closed door would fail much later.
"""

import re
import socket
import struct
import sys
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 3.0
# The oldest versions that Waybill is tested on, or that have what it needs.
POSTGRES_MIN = 15
REDIS_MIN = 6
# At-least-once dead lettering and message TTL on quorum queues.
RABBITMQ_MIN = (3, 10)


class Unusable(Exception):
    """The server answers, but not in a way that helps."""


def read_exactly(stream, count):
    data = b""
    while len(data) < count:
        part = stream.read(count - len(data))
        if not part:
            raise Unusable("closed the connection")
        data += part
    return data


def postgres_message(stream):
    kind = read_exactly(stream, 1)
    (length,) = struct.unpack(">I", read_exactly(stream, 4))
    if length > 1 << 16:
        raise Unusable("does not speak PostgreSQL")
    return kind, read_exactly(stream, length - 4)


def postgres_error(body):
    fields = dict((part[:1], part[1:]) for part in body.split(b"\0") if part)
    return fields.get(b"M", b"refused").decode(errors="replace")


def postgres_ready(stream):
    """Reads to ReadyForQuery; returns the server's settings and the first column of the rows."""
    settings, rows = {}, []
    while True:
        kind, body = postgres_message(stream)
        if kind == b"E":
            raise Unusable(postgres_error(body))
        if kind == b"R" and struct.unpack(">I", body[:4])[0] != 0:
            return None, rows
        if kind == b"S":
            name, value = body.split(b"\0")[:2]
            settings[name] = value.decode()
        if kind == b"D":
            (size,) = struct.unpack(">i", body[2:6])
            rows.append(body[6 : 6 + size].decode())
        if kind == b"Z":
            return settings, rows


def postgres(url, stream):
    user = unquote(url.username or "postgres")
    database = url.path.lstrip("/") or user
    pairs = f"user\0{user}\0database\0{database}\0\0".encode()
    stream.write(struct.pack(">II", len(pairs) + 8, 196608) + pairs)
    settings, _ = postgres_ready(stream)
    if settings is None:
        if url.password:
            return "PostgreSQL (asks for the password)"
        raise Unusable(f"PostgreSQL asks for a password of {user}")
    version = settings.get(b"server_version", "0")
    if int(re.match(r"\d+", version).group()) < POSTGRES_MIN:
        raise Unusable(f"PostgreSQL {version} is older than {POSTGRES_MIN}")
    query = b"select (rolsuper or (rolcreatedb and rolcreaterole))::text from pg_roles where rolname = current_user\0"
    stream.write(b"Q" + struct.pack(">I", len(query) + 4) + query)
    _, rows = postgres_ready(stream)
    if rows != ["true"]:
        raise Unusable(f"{user} may not create databases and roles in PostgreSQL {version}")
    return f"PostgreSQL {version}"


def redis(url, stream):
    if url.password:
        user = [unquote(url.username)] if url.username else []
        words = ["AUTH", *user, unquote(url.password)]
        stream.write(b"*%d\r\n" % len(words))
        for word in words:
            stream.write(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()))
        answer = stream.readline()
        if not answer.startswith(b"+OK"):
            raise Unusable(f"Redis: {answer.decode(errors='replace').strip()}")
    stream.write(b"INFO server\r\n")
    answer = stream.readline()
    if not answer.startswith(b"$"):
        raise Unusable("does not speak redis, or wants a password")
    info = read_exactly(stream, int(answer[1:])).decode()
    version = re.search(r"redis_version:(\S+)", info).group(1)
    if int(version.split(".")[0]) < REDIS_MIN:
        raise Unusable(f"Redis {version} is older than {REDIS_MIN}")
    return f"Redis {version}"


def amqp_method(stream):
    _, _, size = struct.unpack(">BHI", read_exactly(stream, 7))
    if size > 1 << 17:
        raise Unusable("does not speak AMQP 0-9-1")
    body = read_exactly(stream, size)
    read_exactly(stream, 1)
    return struct.unpack(">HH", body[:4]), body[4:]


def amqp_send(stream, method, arguments):
    body = struct.pack(">HH", *method) + arguments
    stream.write(struct.pack(">BHI", 1, 0, len(body)) + body + b"\xce")


def short(text):
    return struct.pack(">B", len(text)) + text


def long(data):
    return struct.pack(">I", len(data)) + data


def amqp_expect(stream, expected, doing):
    method, arguments = amqp_method(stream)
    if method == (10, 50):
        reason = arguments[3 : 3 + arguments[2]].decode(errors="replace")
        raise Unusable(f"RabbitMQ refused {doing}: {reason}")
    if method != expected:
        raise Unusable("does not speak AMQP 0-9-1")
    return arguments


def rabbitmq(url, stream):
    stream.write(b"AMQP\x00\x00\x09\x01")
    greeting = amqp_expect(stream, (10, 10), "the greeting")
    found = re.search(rb"\x07versionS(....)", greeting, re.DOTALL)
    if not found:
        raise Unusable("does not tell its version")
    (size,) = struct.unpack(">I", found.group(1))
    version = greeting[found.end() : found.end() + size].decode()
    if tuple(int(part) for part in version.split(".")[:2]) < RABBITMQ_MIN:
        raise Unusable(f"RabbitMQ {version} is older than 3.10")
    user, password = unquote(url.username or "guest"), unquote(url.password or "guest")
    # RabbitMQ closes without a word where it does not believe a client that cannot hear why.
    capability = short(b"authentication_failure_close") + b"t\x01"
    properties = short(b"capabilities") + b"F" + long(capability)
    start_ok = long(properties) + short(b"PLAIN") + long(f"\0{user}\0{password}".encode()) + short(b"en_US")
    amqp_send(stream, (10, 11), start_ok)
    tune = amqp_expect(stream, (10, 30), f"user {user}")
    amqp_send(stream, (10, 31), tune[:8])
    vhost = unquote(url.path[1:]) if len(url.path) > 1 else "/"
    amqp_send(stream, (10, 40), short(vhost.encode()) + b"\0\0")
    amqp_expect(stream, (10, 41), f"virtual host {vhost}")
    amqp_send(stream, (10, 50), struct.pack(">H", 200) + short(b"") + b"\0\0\0\0")
    amqp_expect(stream, (10, 51), "the goodbye")
    return f"RabbitMQ {version}"


KINDS = {
    "postgres": (postgres, 5432),
    "postgresql": (postgres, 5432),
    "redis": (redis, 6379),
    "amqp": (rabbitmq, 5672),
}


def probe(text):
    url = urlsplit(text)
    if url.scheme in ("rediss", "amqps"):
        return f"{url.scheme}: TLS, left to the services to check"
    if url.scheme not in KINDS:
        raise Unusable(f"{url.scheme}: is not postgres, redis or amqp")
    speak, port = KINDS[url.scheme]
    address = (url.hostname or "127.0.0.1", url.port or port)
    with socket.create_connection(address, TIMEOUT_SECONDS) as connection:
        stream = connection.makefile("rwb", buffering=0)
        try:
            return speak(url, stream)
        except (ValueError, AttributeError, struct.error) as cause:
            raise Unusable(f"does not speak {url.scheme}") from cause


def main():
    try:
        print(probe(sys.argv[1]))
        return 0
    except Unusable as reason:
        print(reason)
        return 1
    except TimeoutError:
        print("no answer in time")
        return 1
    except ConnectionRefusedError:
        print("nothing answers")
        return 2
    except OSError as cause:
        print(cause.strerror or cause)
        return 1


if __name__ == "__main__":
    sys.exit(main())
