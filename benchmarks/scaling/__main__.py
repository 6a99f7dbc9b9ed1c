"""`python -m benchmarks.scaling`: services by one to sixteen replicas. Tables on stdout, `--json FILE` besides."""

import argparse
import json
import signal
import sys
from functools import partial
from pathlib import Path

from benchmarks import markdown
from benchmarks.__main__ import machine, step
from benchmarks.engines import Engines, running_engines
from benchmarks.scaling import commanded, throughput, walk
from benchmarks.scaling.report import Report
from benchmarks.workload import Workload
from contracts.catalogue import SERVICES

COMMAND = "make scale"
PARTS = ("speed", "moves", "walk")
REPLICAS = (1, 2, 4)
_BACKLOG, _FEED = 60_000, 200_000


def main() -> int:
    """Measure, show, write. Exit code 1 when a result was wrong."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if arguments.given:
        report = Report.of_json(json.loads(arguments.given.read_text()))
    else:
        report = Report(arguments.seed, machine())
        with running_engines() as engines:
            for part in arguments.only or PARTS:
                _measure(part, engines, arguments, report)
                if arguments.json:  # a later part may end without a result
                    arguments.json.write_text(json.dumps(report.to_json(), indent=2) + "\n")
    report.show()
    if arguments.write:
        markdown.put(markdown.SCALE, COMMAND, report.markdown())
    return 0


def _measure(part: str, engines: Engines, arguments: argparse.Namespace, report: Report) -> None:
    seconds, rounds = (5, 1) if arguments.short else (12, 3)
    if part == "speed":
        workload = Workload(_BACKLOG, arguments.seed)
        for speeds, wait in ((report.before, "BEFORE_MS"), (report.holding, "HOLDING_MS")):
            for replicas in REPLICAS:
                work = partial(throughput.speed, engines, workload, replicas, {wait: throughput.WAIT_MS}, seconds)
                speeds.append(step(f"{replicas} replicas, {wait.lower()}", work))
        for replicas in REPLICAS:
            work = partial(commanded.speed, engines, replicas, seconds)
            report.commands.append(step(f"{replicas} replicas, commands", work))
    elif part == "moves":
        workload = Workload(_FEED, arguments.seed)
        report.moves = step("joining, leaving, dying", lambda: throughput.moves(engines, workload, rounds))
    else:
        services = arguments.service or SERVICES
        report.outcome = step(
            f"1 to 16 and back: {', '.join(services)}",
            lambda: walk.measure(engines, services, arguments.seed),
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--from", dest="given", type=Path, help="show figures written earlier, measure nothing")
    parser.add_argument("--write", action="store_true", help="put the tables in docs/scale.md")
    parser.add_argument("--short", action="store_true", help="shorter measurements, one round of joining and leaving")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part (may be repeated)")
    parser.add_argument("--service", action="append", choices=SERVICES, help="walk only this one (may be repeated)")
    parser.add_argument("--seed", type=int, default=1, help="of the workload")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
