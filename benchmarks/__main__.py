"""`python -m benchmarks`: everything in one run. Progress on stderr, tables on stdout, `--json FILE` for programs."""

import argparse
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import contenders, deadlines, latency, memory, rebuild
from benchmarks.engines import Engines, running_engines
from benchmarks.memory import Weighed
from benchmarks.report import PIPELINE, Report
from benchmarks.workload import Workload

ALL = ("peers", "pipeline", "rebuild", "latency", "deadlines", "memory")


@dataclass(frozen=True)
class Sizes:
    """How much of everything. `rounds`, an odd number: of what one stall can spoil, the median is told."""

    events: int
    peer_events: int
    rebuild_events: int
    latency_s: float
    memory_events: int
    memory_s: float
    deadlines: int
    one_by_one: int
    rounds: int


FULL = Sizes(1_000_000, 6_000, 1_000_000, 20.0, 1_000_000, 300.0, 100_000, 3_000, 3)
SHORT = Sizes(60_000, 1_500, 40_000, 4.0, 10_000, 6.0, 10_000, 600, 1)


def main() -> int:
    """Measure, show, write. Exit code 1 when a result was wrong: then there is no figure at all."""
    arguments = _arguments()
    sizes = SHORT if arguments.short else FULL
    sizes = Sizes(
        arguments.events or sizes.events,
        arguments.peer_events or sizes.peer_events,
        arguments.rebuild_events or sizes.rebuild_events,
        arguments.latency_seconds or sizes.latency_s,
        arguments.memory_events or sizes.memory_events,
        sizes.memory_s,
        arguments.deadlines or sizes.deadlines,
        sizes.one_by_one,
        sizes.rounds,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped too
    report = Report(arguments.seed, machine())
    with running_engines() as engines:
        _measure(engines, sizes, arguments.seed, arguments.only or ALL, arguments.replicas, report)
    report.show()
    if arguments.json:
        arguments.json.write_text(json.dumps(report.to_json(), indent=2) + "\n")
    return 0


def _measure(engines: Engines, sizes: Sizes, seed: int, only: tuple[str, ...], replicas: int, report: Report) -> None:
    if "peers" in only:
        slice_of_it = step("the workload of the peers", lambda: Workload(sizes.peer_events, seed))
        for name, peer in contenders.PEERS.items():
            report.races[name] = step(name, lambda peer=peer: peer(engines, slice_of_it))  # type: ignore[misc]
    if "pipeline" in only or "rebuild" in only:
        workload = step("the workload", lambda: Workload(sizes.events, seed))
        result, database_url = step(PIPELINE, lambda: contenders.pipeline(engines, workload, replicas))
        report.races = {PIPELINE: result, **report.races}
        for name, peak in result.memory_mb.items():
            report.memory[name] = Weighed(workload.events, workload.events, peak)
        if "rebuild" in only:
            report.rebuild = step(
                "rebuild", lambda: rebuild.measure(engines, database_url, sizes.rebuild_events, sizes.rounds)
            )
            if "memory" in only:
                backlog = report.rebuild.events
                report.memory["notifications"] = step(
                    "memory of notifications",
                    lambda: memory.notifications(engines, database_url, backlog, sizes.memory_s),
                )
    if "latency" in only:
        report.latency = step("latency", lambda: latency.measure_again(engines, sizes.latency_s, sizes.rounds))
    if "deadlines" in only:
        report.deadlines = step(
            "deadlines", lambda: deadlines.measure(engines, sizes.deadlines, sizes.one_by_one, seed)
        )
    if "memory" in only:
        backlog_of_intake = Workload(sizes.memory_events, seed)
        report.memory["intake"] = step(
            "memory of intake", lambda: memory.intake(engines, backlog_of_intake, sizes.memory_s)
        )


def step(name: str, work: Callable[[], Any]) -> Any:
    """What `work` returns; its name and its seconds on stderr."""
    started = time.perf_counter()
    sys.stderr.write(f"{name} ... ")
    sys.stderr.flush()
    done = work()
    sys.stderr.write(f"{time.perf_counter() - started:.0f} s\n")
    return done


def machine() -> dict[str, Any]:
    """What figures depend on: the load average tells whether the machine was quiet."""
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--short", action="store_true", help="small sizes, as CI runs it")
    parser.add_argument("--only", action="append", choices=ALL, help="only this part (may be repeated)")
    parser.add_argument("--events", type=int, help=f"absences for the pipeline (default {FULL.events})")
    parser.add_argument("--peer-events", type=int, help=f"absences for each peer (default {FULL.peer_events})")
    parser.add_argument("--rebuild-events", type=int, help=f"length of the stream (default {FULL.rebuild_events})")
    parser.add_argument("--latency-seconds", type=float, help=f"how long (default {FULL.latency_s})")
    parser.add_argument("--memory-events", type=int, help=f"backlog of intake (default {FULL.memory_events})")
    parser.add_argument("--deadlines", type=int, help=f"due at once (default {FULL.deadlines})")
    parser.add_argument("--replicas", type=int, default=4, help="processes of the alerts service (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the workload")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
