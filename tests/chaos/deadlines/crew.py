"""The workers: started with a wrong clock each, killed -9 at random, preferably in the middle of something."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

from chassis.database import Database

SKEW_S = 300.0
_REPOSITORY = Path(__file__).resolve().parents[3]
_AIMED = 0.7  # of those killed one by one
_AGONY, _AGONY_S = 0.5, 0.4
_AIM_S = 0.3  # how long to wait for a worker to be in the middle of a transaction


@dataclass
class _Worker:
    name: str
    process: "subprocess.Popen[bytes]"


class Crew:
    """As many workers as there should be; counts how they died."""

    def __init__(self, database_url: str, size: int, batch: int, rng: random.Random, log: Path) -> None:
        self._url = database_url
        self._size = size
        self._batch = batch
        self._rng = rng
        self._log = log
        self._workers: list[_Worker] = []
        self._looking = Database(database_url, "parcours", role="")
        self.started = 0
        self.killed = 0
        self.in_the_middle = 0  # of those killed, how many had taken something and not committed
        self.frozen = 0
        self.skews: list[float] = []

    def start(self) -> None:
        """Start whoever is missing; they wait to be told to `go`."""
        while len(self._workers) < self._size:
            self.started += 1
            # The first two are as wrong as can be, whatever the seed.
            skew_s = {1: SKEW_S, 2: -SKEW_S}.get(self.started, self._rng.uniform(-SKEW_S, SKEW_S))
            name = f"worker-{self.started}"
            url = make_conninfo(self._url, application_name=name)
            given = json.dumps({"name": name, "database": url, "skew_s": skew_s, "batch": self._batch})
            with self._log.open("ab") as output:
                command = [sys.executable, "-m", f"{__package__}.worker", given]
                process = subprocess.Popen(
                    command, cwd=_REPOSITORY, stdin=subprocess.PIPE, stdout=output, stderr=output
                )
            self._workers.append(_Worker(name, process))
            self.skews.append(skew_s)

    def go(self) -> None:
        """Let them work."""
        for worker in self._workers:
            if worker.process.stdin and not worker.process.stdin.closed:
                worker.process.stdin.write(b"go\n")
                worker.process.stdin.close()

    def wait_ready(self, limit_s: float = 60.0) -> None:
        """Return once every worker is connected."""
        limit = time.monotonic() + limit_s
        names = {worker.name for worker in self._workers}
        while not names <= self._sessions(anyhow=True):
            self.check()
            if time.monotonic() > limit:
                raise TimeoutError(f"the workers did not start: read {self._log}")
            time.sleep(0.05)

    def kill_one(self) -> None:
        """SIGKILL for one of them, and somebody else in its place. One in a transaction, if there is any soon."""
        victim = self._rng.choice(self._workers)
        caught = self._caught_in_the_middle() if self._rng.random() < _AIMED else None
        if caught and self._rng.random() < _AGONY:
            # What it holds stays held while the others go on, and comes free when they are far ahead.
            caught.process.send_signal(signal.SIGSTOP)
            time.sleep(_AGONY_S)
        self._kill(caught or victim)
        self.in_the_middle += caught is not None
        self.start()
        self.go()

    @contextmanager
    def one_frozen(self) -> Iterator[None]:
        """One that has taken something stands still meanwhile, as on a machine that swaps; then it goes on."""
        worker = self._caught_in_the_middle()
        if worker:
            worker.process.send_signal(signal.SIGSTOP)
            self.frozen += 1
        try:
            yield
        finally:
            if worker:
                worker.process.send_signal(signal.SIGCONT)

    def kill_all(self) -> None:
        """SIGKILL for everybody."""
        for worker in list(self._workers):
            self._kill(worker)

    def check(self) -> None:
        """Raise if a worker ended by itself."""
        for worker in self._workers:
            if worker.process.poll() is not None:
                tail = self._log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{worker.name} ended with {worker.process.returncode}:\n{tail}")

    def begun_again(self) -> dict[str, int]:
        """How often a worker had to begin a batch again, by cause."""
        counts: dict[str, int] = {}
        for line in self._log.read_text(errors="replace").splitlines():
            if '"alarm.begins_again"' in line:
                kind = str(json.loads(line)["kind"])
                counts[kind] = counts.get(kind, 0) + 1
        return counts

    def stop(self) -> None:
        """End everything."""
        for worker in self._workers:
            _end(worker)
        self._looking.close()

    def _kill(self, worker: _Worker) -> None:
        _end(worker)
        self._workers.remove(worker)
        self.killed += 1

    def _caught_in_the_middle(self) -> _Worker | None:
        limit = time.monotonic() + _AIM_S
        while time.monotonic() < limit:
            busy = self._sessions()
            found = [worker for worker in self._workers if worker.name in busy]
            if found:
                return self._rng.choice(found)
        return None

    def _sessions(self, *, anyhow: bool = False) -> set[str]:
        """Who has taken something and not committed yet; or who is connected at all."""
        rows = self._looking.rows(
            "SELECT DISTINCT application_name FROM pg_stat_activity WHERE application_name LIKE 'worker-%%'"
            " AND datname = current_database() AND (%s OR backend_xid IS NOT NULL)",
            (anyhow,),
        )
        return {str(name) for (name,) in rows}


def _end(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.wait()
    if worker.process.stdin:
        worker.process.stdin.close()
