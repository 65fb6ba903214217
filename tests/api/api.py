"""Schemathesis against a running console: what its documentation says is what it does."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import answers
import checks
import hostile
from programs import Failed, Program, build
from sender import send
from settings import Settings, free_port
from system import System

SETTLED_SECONDS_MAX = 60
SEED = 20_261_127
# Of each operation in each phase. A bound in time would ask more of whoever is quick, and something else each time.
EXAMPLES = 50
# A run that takes so long hangs.
SECONDS_MAX = 900
# What is deleted here, a replay, is called off, and stays to be looked at.
WITHOUT_MEANING = "use_after_free"
# Streams never end; the console's own tests read them.
WITHOUT_END = "stream$"


class Console(System):
    """A whole Waybill with a console."""

    def __init__(self, settings: Settings, binaries: Path) -> None:
        super().__init__(settings, binaries, ingests=1, workers=1)
        self.port = free_port()
        self.console = self.service("console", 0, None)
        self.console.environment["WAYBILL__CONSOLE__LISTEN"] = f"127.0.0.1:{self.port}"
        # A machine that is busy is no failure.
        self.console.environment["WAYBILL__CONSOLE__STATEMENT_TIMEOUT_MS"] = "20000"

    def services(self) -> list[Program]:
        return [*super().services(), self.console]


def main() -> int:
    # Whoever ends the run from outside gets it cleaned up as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    chosen = arguments()
    try:
        with Console(Settings(), chosen.binaries or build("dev", "waybill-console")) as system:
            fill(system, chosen.seed)
            if ask(system, chosen.seed, chosen.examples) != 0:
                raise Failed("the console does not do what its documentation says: see above")
            system.command("verify")
            if not system.console.running():
                raise Failed("the console fell over")
    except (Failed, subprocess.SubprocessError) as failed:
        print(f"FAILED: {failed}")
        return 1
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/api/run", description=__doc__)
    parser.add_argument("--binaries", type=Path, help="the folder of programs that are built; built anew without it")
    parser.add_argument("--seed", type=int, default=SEED, help="of everything random")
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="of each operation in each phase")
    return parser.parse_args()


def fill(system: System, seed: int) -> None:
    """Lives of orders, with repeats, and webhooks that nobody understands, so that every list has something in it."""
    ingest = f"http://127.0.0.1:{system.ports[0]}"
    lives = ("--orders", "2", "--duplicate", "2", "--shuffle", "--seed", str(seed))
    system.command("send", "all", *lives, "--to", ingest)
    sent = asyncio.run(send(hostile.webhooks(), system.ports, at_once=4))
    accepted = answers.accepted_ids(sent)
    system.eventually("settled", SETTLED_SECONDS_MAX, lambda: checks.unfinished(system, accepted))


def ask(system: Console, seed: int, examples: int) -> int:
    """Asks so many questions. Returns how Schemathesis ended."""
    made = system.command("token", "create", "schemathesis", "--role", "admin", "--scope", "all,payload:read", "--json")
    base = f"http://127.0.0.1:{system.port}"
    with tempfile.TemporaryDirectory() as folder:
        write_names(system, Path(folder))
        shutil.copy("schemathesis.toml", folder)
        command = [
            os.environ["SCHEMATHESIS"], "--no-color", "--config-file", f"{folder}/schemathesis.toml",
            "run", f"{base}/api/v1/openapi.json", "--url", base, "--checks", "all",
            "--exclude-checks", WITHOUT_MEANING, "--exclude-path-regex", WITHOUT_END,
            "--max-examples", str(examples), "--seed", str(seed),
        ]  # fmt: skip
        # Examples that it remembers would be another run's.
        environment = os.environ | {"WAYBILL_TOKEN": json.loads(made)["token"], "HYPOTHESIS_STORAGE_DIRECTORY": folder}
        return subprocess.run(command, env=environment, timeout=SECONDS_MAX).returncode


def write_names(system: System, folder: Path) -> None:
    """What there is, for the parameters that name something: random names are nobody's. Ids are others in each run; the
    place of each is the same, so that a seed chooses the same things."""
    names = {
        "orders": """SELECT unnest(ARRAY[id::text, COALESCE(external_id, id::text)]) AS name FROM orders
                     ORDER BY namespace, external_id, facts::text COLLATE "C" """,
        "webhooks": "SELECT id::text AS name FROM webhooks ORDER BY source, dedup_key, received_at, id",
        "letters": """SELECT d.webhook_id::text AS name FROM dead_letters d JOIN webhooks w ON w.id = d.webhook_id
                      ORDER BY d.source, w.dedup_key, w.body, d.webhook_id""",
    }
    for file, query in names.items():
        found = [row["name"] for row in system.rows(query)]
        lines = [json.dumps(name) for name in found if name.isascii() and name.isprintable()]
        (folder / f"{file}.txt").write_text("\n".join(lines[:200]) + "\n")


if __name__ == "__main__":
    sys.exit(main())
