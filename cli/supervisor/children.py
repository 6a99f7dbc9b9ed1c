"""Services as processes of their own: started, logged, started again when they die, stopped for good."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chassis.embedded import LOOPBACK
from chassis.logs import Log

log = Log("supervisor")

STOP_LIMIT_S = 20
_BACKOFF_S = (0.5, 30.0)
_WELL_AFTER_S = 60
_LOG_LIMIT_BYTES = 50_000_000
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: a Python module with its arguments and its own part of the environment.

    `port` is where it listens; `probe` the path that answers 200 when it is ready, "" for a bare port.
    """

    name: str
    module: str
    port: int
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    probe: str = "/ready"

    @property
    def service(self) -> str:
        """Which service it is a replica of."""
        return self.module.rpartition(".")[2]

    @property
    def address(self) -> str:
        """Where the gateway finds it."""
        return f"http://{LOOPBACK}:{self.port}"


class Child:
    """One supervised process."""

    def __init__(self, program: Program, log_file: Path, started: Callable[[str, int], None]) -> None:
        self.program = program
        self.log_file = log_file
        self.deaths = 0
        self._started = started
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id, when it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and running else None

    async def start(self) -> None:
        """Start it, and start it again whenever it dies."""
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Ask it to stop, wait for it to finish what it has in hand; kill it if it will not."""
        self._stopping = True
        if self._keeper:
            self._keeper.cancel()
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_LIMIT_S)
        except TimeoutError:
            log.error("service.would_not_stop", program=self.program.name)
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _keep(self) -> None:
        pause = _BACKOFF_S[0]
        while self._process is not None:
            born = time.monotonic()
            code = await self._process.wait()
            if self._stopping:
                return
            self.deaths += 1
            if time.monotonic() - born > _WELL_AFTER_S:
                pause = _BACKOFF_S[0]
            log.error(
                "service.died",
                program=self.program.name,
                code=code,
                again_in_s=pause,
                look_at=str(self.log_file),
            )
            await asyncio.sleep(pause)
            pause = min(2 * pause, _BACKOFF_S[1])
            await self._spawn()

    async def _spawn(self) -> None:
        _rotate(self.log_file)
        with self.log_file.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self.program.module,
                *self.program.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.program.environment},
                # Its own session: a Ctrl-C in the terminal reaches the supervisor alone, which stops
                # everything in order.
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),
            )
        self._started(self.program.name, self._process.pid)
        log.info("service.started", program=self.program.name, pid=self._process.pid)


def _die_with(supervisor: int) -> Callable[[], None] | None:
    """What makes a child end when its supervisor is killed without a chance to stop it (Linux)."""
    if _libc is None:
        return None
    libc = _libc

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != supervisor:  # killed between the fork and the line above
            os._exit(1)

    return prepare


def _rotate(log_file: Path) -> None:
    if log_file.exists() and log_file.stat().st_size > _LOG_LIMIT_BYTES:
        log_file.replace(log_file.with_suffix(".log.1"))
