"""`make idle`: what the whole suite weighs and burns while nothing happens, and how soon it is ready.

Memory is PSS, the proportional share: what a process has for itself, and of what it shares (PostgreSQL's buffers,
the libraries) its part, so that the sum over all processes is what the machine really gives. Processor time is that of
every process of the suite, ended children included, over the whole measure, in parts of one core.
`--without nats` takes the server away for the time of the measure: nobody may spin, nobody may die.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from chassis.embedded import EmbeddedNats, EmbeddedPostgres

MOST_MB, MOST_CPU, MOST_READY_S = 600.0, 3.0, 10.0
_STOP_LIMIT_S = 120


@dataclass(frozen=True)
class Weight:
    """What one part of the suite takes: a process and those below it."""

    part: str
    processes: int
    pss_mb: float
    cpu_percent: float


@dataclass(frozen=True)
class Idle:
    """One measure. `first_s` and `ready_s`: from the command to `ready`, with data to make and with data made."""

    first_s: float
    ready_s: float
    seconds: float
    parts: list[Weight]
    died: list[str]

    @property
    def pss_mb(self) -> float:
        """All of it."""
        return sum(part.pss_mb for part in self.parts)

    @property
    def cpu_percent(self) -> float:
        """All of it, in parts of one core."""
        return sum(part.cpu_percent for part in self.parts)

    @property
    def within(self) -> bool:
        """Whether every limit is kept."""
        kept = self.pss_mb < MOST_MB and self.cpu_percent < MOST_CPU and self.ready_s < MOST_READY_S
        return kept and not self.died


def main() -> int:
    """Measure and show. Exit code 1 when a process died, or, with `--strict`, when a limit is passed."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the suite is stopped too
    with tempfile.TemporaryDirectory(prefix="idle-") as directory:
        data = Path(directory) / "var"
        with _apart(Path(directory) / "apart", arguments.without) as (environment, take_away):
            with _up(data, environment) as (first_s, _):
                pass
            with _up(data, environment) as (ready_s, supervisor):
                time.sleep(arguments.settle)
                take_away()
                idle = _measure(data, supervisor, first_s, ready_s, arguments.seconds)
    _show(idle, arguments.without)
    if arguments.json:
        told = asdict(idle) | {"pss_mb": round(idle.pss_mb, 1), "cpu_percent": round(idle.cpu_percent, 2)}
        arguments.json.write_text(json.dumps(told, indent=2) + "\n")
    return 1 if idle.died or (arguments.strict and not idle.within) else 0


@contextmanager
def _apart(directory: Path, without: str) -> Iterator[tuple[dict[str, str], Callable[[], None]]]:
    """A server that is not the suite's own, so that nobody starts it again: how to reach it, and its end."""
    if not without:
        yield {}, lambda: None
        return
    server = EmbeddedNats(directory) if without == "nats" else EmbeddedPostgres(directory)
    variable = "NATS_URL" if without == "nats" else "DATABASE_URL"
    try:
        yield {variable: server.start()}, server.stop
    finally:
        server.stop()


@contextmanager
def _up(data: Path, environment: Mapping[str, str]) -> Iterator[tuple[float, int]]:
    """A suite; how long it took to be ready, and the process of its supervisor."""
    ours = {name: value for name, value in os.environ.items() if name not in ("NATS_URL", "DATABASE_URL")}
    command = [sys.executable, "-m", "cli.main", "up", "--data", str(data), "--port", "0"]
    started = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**ours, **environment}, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            if not process.stdout.readline().startswith("ready "):
                raise SystemExit(f"the suite did not come up (code {process.wait(_STOP_LIMIT_S)})")
            yield round(time.perf_counter() - started, 2), process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_STOP_LIMIT_S)


def _measure(data: Path, supervisor: int, first_s: float, ready_s: float, seconds: float) -> Idle:
    known = {name: pid for name, (pid, _) in json.loads((data / "pids.json").read_text()).items()}
    tops = {name: psutil.Process(pid) for name, pid in {"supervisor and gateway": supervisor, **known}.items()}
    before = {name: _cpu_s(_family(name, top)) for name, top in tops.items()}
    began = time.perf_counter()
    time.sleep(seconds)
    lasted = time.perf_counter() - began
    parts, died = [], []
    for name, top in tops.items():
        if not top.is_running() or top.status() == psutil.STATUS_ZOMBIE:
            died.append(name)
            continue
        family = _family(name, top)
        used = _cpu_s(family) - before[name]
        parts.append(Weight(name, len(family), round(_pss_mb(family), 1), round(100 * used / lasted, 2)))
    return Idle(first_s, ready_s, round(lasted, 1), parts, died)


def _family(name: str, top: psutil.Process) -> list[psutil.Process]:
    """A process with those it started; those of the supervisor are counted by themselves."""
    return [top, *top.children(recursive=True)] if name == "postgres" else [top]


def _cpu_s(family: list[psutil.Process]) -> float:
    total = 0.0
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
            if process is family[0] and len(family) > 1:  # what backends that ended meanwhile have used
                total += times.children_user + times.children_system
    return total


def _pss_mb(family: list[psutil.Process]) -> float:
    total = 0
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    return total / 1e6


def _show(idle: Idle, without: str) -> None:
    title = f"idle for {idle.seconds:.0f} s" + (f", without {without}" if without else "")
    table = Table(title=title, show_footer=True)
    table.add_column("part", footer="in all (limit)")
    table.add_column("processes", justify="right", footer=str(sum(part.processes for part in idle.parts)))
    table.add_column("PSS, MB", justify="right", footer=f"{idle.pss_mb:.0f} ({MOST_MB:.0f})")
    table.add_column("% of a core", justify="right", footer=f"{idle.cpu_percent:.2f} ({MOST_CPU:.0f})")
    for part in idle.parts:
        table.add_row(part.part, str(part.processes), f"{part.pss_mb:.1f}", f"{part.cpu_percent:.2f}")
    console = Console(width=100)
    console.print(table)
    console.print(
        f"ready in {idle.ready_s} s (limit {MOST_READY_S:.0f}); the first time, with data to make, {idle.first_s} s"
    )
    if idle.died:
        console.print(f"died meanwhile: {', '.join(idle.died)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="how long to measure")
    parser.add_argument(
        "--settle",
        type=float,
        default=45,
        help="how long to wait before: who waits in vain looks more rarely after 30 s",
    )
    parser.add_argument("--without", choices=("nats", "postgres"), default="", help="take this server away before")
    parser.add_argument("--strict", action="store_true", help="exit code 1 when a limit is passed")
    parser.add_argument("--json", type=Path, help="write the figures here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
