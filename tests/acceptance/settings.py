"""One run's names, ports and configuration: everything of its own, so that it disturbs nobody and can be taken away."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import signing

# Short, so that a retry ends within the run.
DELAYS_SECONDS = (1, 2, 5, 10)
DEFER_MS = 1_000
UNKNOWN_VERSION_MS = 60_000
LOCK_TTL_MS = 15_000

CONFIGURATION = """\
profile = "demo"
[database]
url = "{database_url}"
[redis]
url = "{redis_url}"
prefix = "{name}"
[broker]
url = "{amqp_url}"
prefix = "{name}"
[ingest]
failures_per_minute = 1000000
lame_duck_ms = 100
[console]
listen = "127.0.0.1:{console_port}"
[lock]
mode = "{lock_mode}"
ttl_ms = {lock_ttl_ms}
[retry]
delays_seconds = {delays_seconds}
defer_ms = {defer_ms}
unknown_version_ms = {unknown_version_ms}
"""

SOURCES = """\
[sources.payments]
provider = "native"
namespace = "default"
tokens = ["{payments_token}"]
default_currency = "USD"
[sources.admin]
provider = "native"
namespace = "default"
tokens = ["{admin_token}"]
default_currency = "USD"
[sources.stripe]
provider = "stripe"
namespace = "default"
live = false
secrets = ["{stripe_secret}"]
order_ref = "/metadata/order_id"
"""


@dataclass
class Settings:
    """Where the servers are, and what is ours on them."""

    name: str = field(default_factory=lambda: f"waybill_acceptance_{os.getpid()}_{secrets.token_hex(3)}")
    admin_url: str = os.environ.get("DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
    redis_url: str = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
    amqp_url: str = os.environ.get("AMQP_URL") or "amqp://guest:guest@127.0.0.1:5672/%2f"
    lock_mode: str = "redis"
    console_port: int = field(default_factory=lambda: free_port())
    # The `[sources.…]` tables, in the place of the usual ones.
    own_sources: str = ""

    @property
    def database_url(self) -> str:
        return urlunsplit(urlsplit(self.admin_url)._replace(path=f"/{self.name}"))

    @property
    def delays_ms(self) -> list[int]:
        return [*(seconds * 1_000 for seconds in DELAYS_SECONDS), DEFER_MS, UNKNOWN_VERSION_MS]

    def toml(self) -> str:
        return CONFIGURATION.format(
            database_url=self.database_url,
            redis_url=self.redis_url,
            amqp_url=self.amqp_url,
            name=self.name,
            console_port=self.console_port,
            lock_mode=self.lock_mode,
            lock_ttl_ms=LOCK_TTL_MS,
            delays_seconds=list(DELAYS_SECONDS),
            defer_ms=DEFER_MS,
            unknown_version_ms=UNKNOWN_VERSION_MS,
        ) + (self.own_sources or standard_sources())


def standard_sources() -> str:
    return SOURCES.format(
        payments_token=signing.TOKENS["payments"],
        admin_token=signing.TOKENS["admin"],
        stripe_secret=signing.STRIPE_SECRET,
    )


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
