"""Drives the built programs from outside and compares what they made of real webhooks with an independent reference."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path
from random import Random

import bad_input
import browser
import chaos
import everyone
import herd
import pipeline
from programs import Failed, build


def main() -> int:
    # Whoever ends the run from outside gets it cleaned up as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    chosen = arguments()
    random = Random(chosen.seed)
    began = time.monotonic()
    print(f"seed {chosen.seed}", flush=True)
    try:
        reference_is_sound()
        more = ("waybill-console",) if chosen.browser else ()
        binaries = build("release" if chosen.release else "dev", *more)
        if chosen.browser:
            browser.run(binaries, random, chosen.browser, chosen.chromium, chosen.pictures)
        elif chosen.bad_input:
            bad_input.run(binaries, random)
        elif chosen.everyone:
            everyone.run(binaries, random)
        elif chosen.herd:
            herd.run(binaries, random, in_full=chosen.full)
        elif chosen.chaos:
            chaos.run(binaries, random, redis_dies=chosen.redis_dies, locks_off=chosen.locks_off)
        else:
            pipeline.run(binaries, random)
    except (Failed, subprocess.CalledProcessError) as failed:
        print(f"FAILED: {failed}\nthe same load again: --seed {chosen.seed}")
        return 1
    print(f"good after {time.monotonic() - began:.0f} s")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/acceptance/run", description=__doc__)
    parser.add_argument("--chaos", action="store_true", help="10,000 webhooks while workers are killed")
    parser.add_argument("--redis-dies", action="store_true", help="with --chaos: Redis is killed half-way")
    parser.add_argument("--locks-off", action="store_true", help="with --chaos: lock.mode is off")
    parser.add_argument(
        "--everyone", action="store_true", help="every scenario of every provider, told twice and shuffled"
    )
    parser.add_argument("--browser", type=Path, metavar="FOLDER", help="the console, by the scripts in this folder")
    parser.add_argument("--chromium", type=Path, metavar="FILE", help="with --browser: the program")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="with --browser: where screenshots go")
    parser.add_argument("--herd", action="store_true", help="each webhook 64 times at once, for 50 ids")
    parser.add_argument("--full", action="store_true", help="with --herd: for 1,000 ids")
    parser.add_argument("--bad-input", action="store_true", help="everything that a webhook must not be")
    parser.add_argument(
        "--release", action="store_true", help="drive optimized programs: for figures that mean something"
    )
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="repeat the load of another run")
    return parser.parse_args()


def reference_is_sound() -> None:
    """A reference that fails its own tests proves nothing."""
    found = unittest.defaultTestLoader.discover(".")
    if not unittest.TextTestRunner(verbosity=0, stream=sys.stdout).run(found).wasSuccessful():
        raise Failed("the reference does not pass its own tests")


if __name__ == "__main__":
    sys.exit(main())
