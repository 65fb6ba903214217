"""The packages of npm, in one process of Node that lives as long as the run."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from messages import Message
from signer import Sign, Signer


@dataclass(frozen=True)
class Package:
    """`signs`: what signs in its place, where it only verifies."""

    name: str
    verifies: bool = True
    signs: Sign | None = None

    def signer(self, node: Node) -> Signer:
        verify = partial(node.verify, self.name) if self.verifies else None
        return Signer("npm", self.name, self.signs or partial(node.sign, self.name), verify, self.signs is None)


class Node:
    """`folder` holds the packages and a copy of `packages.mjs`."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            ["node", "packages.mjs"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def close(self) -> None:
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def sign(self, package: str, message: Message, secret: str, url: str) -> Message:
        signed = self.call("sign", package, message, secret, url)
        if "error" in signed:
            raise ValueError(f"{package} does not sign: {signed['error']}")
        return Message(signed["headers"], signed["body"].encode())

    def verify(self, package: str, message: Message, secret: str, url: str) -> bool:
        return self.call("verify", package, message, secret, url)["valid"]

    def call(self, act: str, package: str, message: Message, secret: str, url: str) -> dict:
        call = {"package": package, "act": act, "secret": secret, "url": url}
        call |= {"headers": message.headers, "body": message.body.decode()}
        self.process.stdin.write(json.dumps(call) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())
