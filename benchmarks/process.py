"""A program under measurement: started, held at the line, sent off, weighed, stopped."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import psutil

R = TypeVar("R")

REPOSITORY = Path(__file__).resolve().parent.parent


class Contender:
    """One operating-system process that runs `module` once told to `go`."""

    def __init__(self, module: str, environment: Mapping[str, str], log: Path, preload: Sequence[str] = ()) -> None:
        self.module = module
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.launch", module, *preload],
                cwd=REPOSITORY,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{module} did not come to the line: read {log}")

    def go(self) -> None:
        """The start signal."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def check(self) -> None:
        """Raise if the process ended by itself."""
        if self._process.poll() is not None:
            tail = self._log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{self.module} ended with {self._process.returncode}:\n{tail}")

    def peak_mb(self) -> float:
        """The most memory it ever had resident, in MB of 10^6 bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6

    def cpu_s(self) -> float:
        """Processor seconds used so far."""
        return cpu_s(self._process.pid)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting."""
        self._process.terminate()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it, cleanly if it will."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def cpu_s(pid: int) -> float:
    """Processor seconds of a process and its children, those that have ended included."""
    seconds = 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        seconds += sum(process.cpu_times()[:4])
        for child in process.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                seconds += sum(child.cpu_times()[:2])
    return seconds


def alone(work: Callable[..., R], *args: object) -> R:
    """What `work` returns, in a process of its own: a warm one would not be what an operator starts."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *args).result()


def run_module(module: str, environment: Mapping[str, str]) -> None:
    """Run a module to its end. Raises CalledProcessError."""
    subprocess.run([sys.executable, "-m", module], cwd=REPOSITORY, env={**os.environ, **environment}, check=True)
