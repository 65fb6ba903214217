"""A whole Waybill of the run's own: database, queues, ingests and workers, and nothing left of them afterwards."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from programs import Failed, Program
from queues import Queues
from redis_client import Redis
from settings import Settings, free_port


class System:
    """Starts on entering, cleans up on leaving. The logs stay where the run failed."""

    def __init__(self, settings: Settings, binaries: Path, ingests: int, workers: int, consoles: int = 0) -> None:
        self.settings, self.binaries = settings, binaries
        self.folder = Path(tempfile.mkdtemp(prefix="waybill-acceptance-"))
        self.configuration = self.folder / "waybill.toml"
        self.queues = Queues(settings.amqp_url, settings.name, settings.delays_ms)
        self.ports = [free_port() for _ in range(ingests)]
        self.ingests = [self.service("ingest", number, self.ports[number]) for number in range(ingests)]
        self.workers = [self.service("worker", number, None) for number in range(workers)]
        # It listens where the configuration says, because the command line prints its address.
        self.consoles = [self.service("console", number, None) for number in range(consoles)]

    def __enter__(self) -> System:
        self.configuration.write_text(self.settings.toml())
        with psycopg.connect(self.settings.admin_url, autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{self.settings.name}"')
        try:
            self.command("migrate")
            for program in self.services():
                program.start()
            for program in self.services():
                program.wait_until_ready()
        except BaseException:
            self.clean_up(keep_logs=True)
            raise
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        self.clean_up(keep_logs=kind is not None)

    def services(self) -> list[Program]:
        return [*self.ingests, *self.workers, *self.consoles]

    def service(self, name: str, number: int, port: int | None) -> Program:
        ops_port = free_port()
        environment = {f"WAYBILL__{name.upper()}__OPS_LISTEN": f"127.0.0.1:{ops_port}"}
        if port is not None:
            environment["WAYBILL__INGEST__LISTEN"] = f"127.0.0.1:{port}"
        command = [str(self.binaries / f"waybill-{name}"), "--config", str(self.configuration)]
        return Program(command, self.folder / f"{name}-{number}.log", environment, ops_port)

    def command(self, *words: str, typed: str = "") -> str:
        """Runs the command line tool, which must succeed, and returns what it printed. `typed`: its standard input."""
        command = [str(self.binaries / "waybill"), "--config", str(self.configuration), *words]
        return Program(command, self.folder / "waybill.log", {}).run(typed)

    def rows(self, query: str, *arguments: object) -> list[dict]:
        with psycopg.connect(self.settings.database_url, row_factory=dict_row) as connection:
            return connection.execute(query, arguments).fetchall()

    def eventually(self, what: str, within: float, holds: Callable[[], object]) -> None:
        """Waits until `holds` returns nothing; fails with the last thing that it returned."""
        deadline = time.monotonic() + within
        while left := holds():
            if time.monotonic() > deadline:
                raise Failed(f"{what} not within {within} s: {left}")
            time.sleep(0.1)

    def stop(self) -> dict[str, int]:
        """Stops every service in good order and returns the exit codes."""
        for program in self.services():
            if program.running():
                program.process.terminate()
        return {program.log.stem: program.stop() for program in self.services()}

    def clean_up(self, keep_logs: bool) -> None:
        for program in self.services():
            if program.running():
                program.kill()
        self.queues.delete()
        with psycopg.connect(self.settings.admin_url, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{self.settings.name}" WITH (FORCE)')
        try:
            redis = Redis(self.settings.redis_url)
        except OSError:
            pass  # A private one that the run has killed.
        else:
            redis.delete(f"{self.settings.name}:*")
            redis.close()
        if keep_logs:
            print(f"logs: {self.folder}")
        else:
            shutil.rmtree(self.folder)
