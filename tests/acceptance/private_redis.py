"""A Redis of the run's own, so that it may die: the shared one is never disturbed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time

from redis_client import Redis
from settings import free_port

READY_SECONDS_MAX = 5


class PrivateRedis:
    def __enter__(self) -> PrivateRedis:
        self.folder = tempfile.mkdtemp(prefix="waybill-redis-")
        port = free_port()
        self.url = f"redis://127.0.0.1:{port}/0"
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", self.folder, "--save", ""],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self.answers():
            if time.monotonic() > deadline:
                raise TimeoutError("the private Redis did not start")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def answers(self) -> bool:
        try:
            redis = Redis(self.url)
        except OSError:
            return False
        redis.close()
        return True
