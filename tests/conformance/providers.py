"""Which providers there are: those that the Rust registry lists, read from its source."""

from __future__ import annotations

import re
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "crates/providers/src"


def registered() -> list[str]:
    """The names, as in `waybill_providers::PROVIDERS`."""
    return [name_of(module) for module in re.findall(r"&(\w+)::PROVIDER\b", (SOURCES / "registry.rs").read_text())]


def name_of(module: str) -> str:
    return re.search(r'^const NAME: &str = "(.+)";$', (SOURCES / f"{module}.rs").read_text(), re.MULTILINE)[1]
