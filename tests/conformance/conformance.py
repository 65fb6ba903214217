"""Sends a running ingest what the providers' own packages sign, and what they did not."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cases
import checks
import settings
from cases import Case, Skipped
from npm import Node
from programs import Failed, build
from system import System

SETTLED_SECONDS_MAX = 60


@dataclass
class Settings(settings.Settings):
    """The acceptance test's, with a source for each case."""

    sources: str = ""

    def toml(self) -> str:
        return super().toml() + self.sources


def main() -> int:
    # Whoever ends the run from outside gets it cleaned up as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    chosen = arguments()
    packages = os.environ.get("NPM_PACKAGES")
    node = Node(Path(packages)) if packages else None
    try:
        every, skipped = cases.all_of(node, os.environ.get("NPM_MISSING", "there is no Node"))
        run(every, chosen.binaries or build("dev"))
    except (Failed, subprocess.CalledProcessError) as failed:
        print(f"FAILED: {failed}")
        return 1
    finally:
        if node:
            node.close()
    report(every, skipped)
    return int(any(case.faults for case in every))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/conformance/run", description=__doc__)
    parser.add_argument("--binaries", type=Path, help="the folder of programs that are built; built anew without it")
    return parser.parse_args()


def run(every: list[Case], binaries: Path) -> None:
    sources = "".join(case.section() for case in every)
    with System(Settings(sources=sources), binaries, ingests=1, workers=1) as system:
        for case in every:
            case.send(system.ports[0])
        accepted = [id_ for case in every for id_ in case.accepted]
        system.eventually("settled", SETTLED_SECONDS_MAX, lambda: checks.unfinished(system, accepted))
        for case in every:
            case.look(system)


def report(every: list[Case], skipped: list[Skipped]) -> None:
    line = "{:<15} {:<5} {:<26} {:<16} {:>8} {:>7}  {}"
    print(line.format("provider", "from", "package", "which", "accepted", "refused", ""))
    for case in every:
        signer, result = case.signer, "FAILED" if case.faults else "good"
        package = signer.package or "-"
        print(line.format(case.provider, signer.registry, package, signer.role, case.believed, case.refused, result))
        for fault in case.faults:
            print(f"    {fault}")
    for case in skipped:
        print(line.format(case.provider, "", case.package, "skipped", 0, 0, case.why))
    failed = sum(bool(case.faults) for case in every)
    print(f"{len(every) - failed} passed, {failed} failed, {len(skipped)} skipped")


if __name__ == "__main__":
    sys.exit(main())
