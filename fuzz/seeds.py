"""Writes what the fuzz targets begin with: the recorded requests, and a configuration, as the targets read them.

usage: python3 fuzz/seeds.py FOLDER
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VECTORS = ROOT / "crates/providers/tests/vectors"


def main(folder: Path) -> None:
    requests, bodies = [], []
    for provider, vector in vectors():
        body = b64decode(vector["body_b64"])
        requests.append(request(provider, vector["headers"], body))
        bodies.append(message(provider, body))
    configuration = (ROOT / "waybill.example.toml").read_bytes()
    sections = [
        b'profile = "demo"\n[sources.a]\nprovider = "%s"\nsecrets = ["00ff"]\n' % provider.encode()
        for provider in names()
    ]
    write(folder / "verify", requests)
    write(folder / "parse", requests)
    write(folder / "envelope", bodies)
    write(folder / "config", [configuration, *sections])
    write(folder / "headers", [headers()])
    write(folder / "fold", [bytes(range(256)), bytes(256)])


def names() -> list[str]:
    return sorted(path.stem for path in VECTORS.glob("*.json"))


def vectors() -> Iterator[tuple[str, dict]]:
    for name in names():
        for vector in json.loads((VECTORS / f"{name}.json").read_text())["vectors"]:
            unsigned = name == "mollie" and vector["name"].startswith("classic")
            yield "mollie-classic" if unsigned else name, vector


def request(provider: str, headers: dict[str, str], body: bytes) -> bytes:
    """As `fuzz/src/request.rs` reads it."""
    lines = [provider, *(f"{name.lower()}: {value}" for name, value in headers.items())]
    return "\n".join(lines).encode() + b"\n\n" + body


def message(provider: str, body: bytes) -> bytes:
    """A message between ingest and worker (DESIGN.md, section 4)."""
    fact = {"book": "payments", "op": "capture", "op_ref": "p", "outcome": "succeeded", "mode": "delta", "first": 0}
    envelope = {
        "v": 1,
        "webhook_id": "01900000-0000-7000-8000-000000000000",
        "source": "fuzz",
        "provider": provider,
        "account": None,
        "received_at": "2026-01-01T12:00:00Z",
        "correlation_id": "c",
        "dedup_key": "k",
        "body_sha256": "00" * 32,
        "native_type": "paid",
        "occurred_at": {"at": "2026-01-01T12:00:00Z", "precision": "s", "origin": "event"},
        "trust": "full",
        "order_refs": [{"merchant": True, "ref": "order:1"}],
        "effect": {"kind": "facts", "facts": [fact]},
        "body": body.decode(errors="replace"),
        "body_encoding": "utf8",
        "headers": {},
    }
    return json.dumps(envelope).encode()


def headers() -> bytes:
    """An AMQP field table with every header of ours."""
    attempt = b"\x0fwaybill-attemptI" + (3).to_bytes(4, "big")
    trace = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    parent = b"\x0btraceparentS" + len(trace).to_bytes(4, "big") + trace
    table = attempt + parent
    return len(table).to_bytes(4, "big") + table


def write(folder: Path, seeds: list[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (folder / f"seed-{number:03}").write_bytes(seed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
