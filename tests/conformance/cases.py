"""One case for each provider and whoever signs for it: what is sent, and what must be true afterwards."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

import providers
from messages import Message
from npm import Node
from practices import PRACTICES, URL, Practice
from programs import Failed
from signer import Signer
from system import System

ANSWER_SECONDS_MAX = 10


@dataclass
class Case:
    """A source of its own, so that every signer's events are new. `faults` collects what was not as it must be."""

    provider: str
    signer: Signer
    practice: Practice
    accepted: list[UUID] = field(default_factory=list)
    believed: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def source(self) -> str:
        return re.sub("[^a-z0-9]+", "-", f"{self.provider} {self.signer.registry} {self.signer.package}".lower())

    def section(self) -> str:
        return self.practice.source(self.provider, self.source)

    def send(self, port: int) -> None:
        """Tells the whole life, each message first in every forged form, and the first one once more at the end."""
        plain = self.practice.sent(self.provider)
        for message in plain:
            for what, forgery in self.forgeries(message):
                self.must_be_refused(port, what, forgery)
            self.must_be_accepted(port, self.sign(message))
        self.must_be_accepted(port, self.sign(plain[0]), repeated=True)

    def sign(self, message: Message) -> Message:
        return self.signer.sign(message, self.practice.secret, URL)

    def forgeries(self, message: Message) -> Iterator[tuple[str, Message]]:
        yield "signed by somebody else", self.signer.sign(message, self.practice.another, URL)
        yield "not signed", message
        if self.practice.forge:
            signed = self.sign(message)
            yield "changed after it was signed", Message(signed.headers, self.practice.forge(signed.body), signed.query)

    def must_be_accepted(self, port: int, message: Message, repeated: bool = False) -> None:
        if self.signer.verify and not self.signer.verify(message, self.practice.secret, URL):
            self.faults.append("the package does not believe what was signed")
        status, body = post(port, self.source, message)
        if 200 <= status < 300 or (repeated and status == 409):
            self.believed += 1
        else:
            self.faults.append(f"{message.body[:60]!r} was answered {status} {body[:200]!r}")
        self.accepted += [UUID(id_) for id_ in re.findall(r'"webhook_log_id":"([^"]+)"', body)]

    def must_be_refused(self, port: int, what: str, message: Message) -> None:
        if self.signer.verify and self.signer.verify(message, self.practice.secret, URL):
            self.faults.append(f"the package believes what was {what}")
        status, body = post(port, self.source, message)
        if status == 401:
            self.refused += 1
        else:
            self.faults.append(f"what was {what} was answered {status} {body[:200]!r}")

    def look(self, system: System) -> None:
        """Compares what the worker made of it with what the practice says."""
        query = "SELECT verdict FROM webhooks WHERE source = %s ORDER BY received_at, id"
        verdicts = [row["verdict"] for row in system.rows(query, self.source)]
        # A repeat that outlives its marker has a row of its own.
        told, repeats = verdicts[: len(self.practice.life)], verdicts[len(self.practice.life) :]
        if told != list(self.practice.life.values()) or any(verdict != self.practice.repeat for verdict in repeats):
            self.faults.append(f"the verdicts are {verdicts}")
        ending = self.practice.ending
        query = "SELECT status, captured, refunded FROM orders WHERE namespace = %s AND absorbed_into IS NULL"
        orders = [(row["status"], row["captured"], row["refunded"]) for row in system.rows(query, self.source)]
        if orders != [(ending.status, ending.captured, ending.refunded)]:
            self.faults.append(f"the orders are {orders}")


def post(port: int, source: str, message: Message) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS_MAX)
    try:
        connection.request("POST", f"/webhooks/{source}{message.query}", message.body, message.headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


@dataclass(frozen=True)
class Skipped:
    provider: str
    package: str
    why: str


def all_of(node: Node | None, why_not: str) -> tuple[list[Case], list[Skipped]]:
    """The cases of every provider on main. `why_not`: why there is no Node, and so no package of npm."""
    cases, skipped = [], []
    for provider in providers.registered():
        if provider not in PRACTICES:
            raise Failed(f"{provider} is registered, but tests/conformance/practices.py does not know what it sends")
        practice = PRACTICES[provider]
        cases += [Case(provider, signer, practice) for signer in practice.others]
        if node:
            cases += [Case(provider, package.signer(node), practice) for package in practice.npm]
        else:
            skipped += [Skipped(provider, package.name, why_not) for package in practice.npm]
    return cases, skipped
