"""A suite started by the command line itself, for tests that look at it from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import psutil

START_LIMIT_S = 90
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("NATS_URL", "DATABASE_URL")}


def perseverance(
    data: Path,
    *arguments: str,
    limit: float = 90,
    environment: Mapping[str, str] = MappingProxyType({}),
    given: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; `given`: what it reads on its standard input."""
    command = [sys.executable, "-m", "cli.main", "--data", str(data), *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=limit,
        env={**ENVIRONMENT, **environment},
        check=False,
        input=given,
    )


class Up:
    """`perseverance up` in a process of its own."""

    def __init__(self, data: Path, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})) -> None:
        self.data = data
        command = [sys.executable, "-m", "cli.main", "up", "--data", str(data), "--port", "0", *arguments]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**ENVIRONMENT, **environment}
        )

    def wait_ready(self) -> str:
        """The first line on stdout."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("ready "), self.process.stderr.read() if self.process.stderr else ""
        return line.removeprefix("ready ").strip()

    @property
    def url(self) -> str:
        return str(self.runtime["url"])

    @property
    def runtime(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "runtime.json").read_text())
        return found

    def pid_of(self, name: str) -> int:
        """The process of a service or a server."""
        pid: int = json.loads((self.data / "pids.json").read_text())[name][0]
        return pid

    def pids(self) -> dict[str, int]:
        return {name: pid for name, (pid, _) in json.loads((self.data / "pids.json").read_text()).items()}

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def clean_up(self) -> None:
        """Leave nothing behind, whatever the test did."""
        recorded = self.pids() if (self.data / "pids.json").exists() else {}
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        for pid in recorded.values():
            if running(pid):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def up(data: Path, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})) -> Iterator[Up]:
    suite = Up(data, *arguments, environment=environment)
    try:
        suite.wait_ready()
        yield suite
    finally:
        suite.clean_up()


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def eventually(holds: Callable[[], bool], what: str, limit: float = 60) -> None:
    """Wait until it holds; fail, saying what did not, after a long while."""
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
