"""Checks that alarms and dashboards ask for what the services count, and that every runbook exists.

A metric `waybill.accept` with unit `s` is scraped as `waybill_accept_seconds` and, being a histogram, with `_bucket`.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUFFIX = re.compile(r"(_total|_bucket|_sum|_count)$")


def counted():
    names = set()
    for source in (ROOT / "crates").rglob("*.rs"):
        if "tests" not in source.parts and source.name != "tests.rs":
            names |= {name.replace(".", "_") for name in re.findall(r'"(waybill\.[a-z_.]+)"', source.read_text())}
    return names


def asked():
    for file in [*ROOT.glob("deploy/alerts/*.yaml"), *ROOT.glob("deploy/dashboards/*.json")]:
        for name in re.findall(r"\bwaybill_[a-z_]+\b", file.read_text()):
            yield file.name, name


def headings():
    for line in (ROOT / "docs/OPERATIONS.md").read_text().splitlines():
        if line.startswith("#"):
            yield re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")


def main():
    known, anchors, problems = counted(), set(headings()), []
    for file, name in asked():
        base = SUFFIX.sub("", name)
        if base not in known and base.removesuffix("_seconds") not in known:
            problems.append(f"{file}: nothing counts {name}")
    for anchor in re.findall(r"OPERATIONS\.md#([a-z0-9-]+)", (ROOT / "deploy/alerts/rules.yaml").read_text()):
        if anchor not in anchors:
            problems.append(f"rules.yaml: docs/OPERATIONS.md has no heading for #{anchor}")
    print("\n".join(problems) or "all names exist")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
