"""The built programs as processes: started, waited for, killed, and gone when the run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("waybill-cli", "waybill-ingest", "waybill-worker")
READY_SECONDS_MAX = 30
STOP_SECONDS_MAX = 25

# What would override the configuration of the run, or send its telemetry elsewhere.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "AMQP_URL", "WAYBILL_", "OTEL_")


class Failed(RuntimeError):
    """A program that did not do what it was started for."""


def target_folder() -> Path:
    """Where cargo puts what it builds, as everywhere in this project: outside the clone."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("CARGO_TARGET_DIR") or cache / "waybill" / "target")


def build(profile: str, *more: str) -> Path:
    """Builds what is not built, or not up to date, and returns the folder of the binaries. `more`: other packages."""
    packages = [word for package in (*PACKAGES, *more) for word in ("--package", package)]
    environment = os.environ | {"CARGO_TARGET_DIR": str(target_folder())}
    command = ["cargo", "build", "--locked", "--quiet", "--profile", profile, "--bins", *packages]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return target_folder() / ("debug" if profile == "dev" else profile)


class Program:
    """One process; `log` collects everything that it says."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str], ops_port: int = 0) -> None:
        self.command, self.log, self.ops_port = command, log, ops_port
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        self.environment |= environment
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment
            )

    def run(self, typed: str = "") -> str:
        """Starts it and waits for its end, which must be a success. Returns what it printed."""
        done = subprocess.run(self.command, input=typed.encode(), capture_output=True, env=self.environment)
        if done.returncode != 0:
            raise Failed(f"{' '.join(self.command)} ended with {done.returncode}: {done.stderr.decode()[-2_000:]}")
        return done.stdout.decode()

    def kill(self) -> None:
        """As the machine would: without a word of warning."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Asks it to end and returns its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.command[0]} did not stop within {STOP_SECONDS_MAX} s") from None

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            if not self.running():
                raise Failed(f"{self.command[0]} ended with {self.process.returncode}: {self.last_words()}")
            if answers(f"http://127.0.0.1:{self.ops_port}/readyz"):
                return
            time.sleep(0.05)
        raise Failed(f"{self.command[0]} was not ready within {READY_SECONDS_MAX} s: {self.last_words()}")

    def last_words(self) -> str:
        return self.log.read_bytes()[-2_000:].decode(errors="replace")


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False
