"""Break everything under load, kind by kind, and compare with the oracle. Exit code 1 on any fault."""

import argparse
import random
import signal
import sys
from dataclasses import replace
from pathlib import Path

from tests.chaos.kinds import KINDS
from tests.chaos.kinds.base import Size
from tests.chaos.run import run
from tests.chaos.table import show


def main() -> int:
    """Run what is asked for and say how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--only", action="append", choices=KINDS, metavar="KIND", help=f"of {', '.join(KINDS)}")
    parser.add_argument("--long", action="store_true", help="the large figures")
    parser.add_argument("--strict", action="store_true", help="what takes too long is a fault too")
    parser.add_argument("--seed", type=int, help="of load, victims and moments (default: a new one)")
    parser.add_argument("--strikes", type=int, help="how many faults of a kind")
    parser.add_argument("--events", type=int, help="events sent meanwhile")
    parser.add_argument("--away", type=float, help="seconds that something stays away, where a kind does that")
    parser.add_argument("--data", type=Path, help="keep everything here: data, logs, attempts.jsonl")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that suites are stopped too
    seed = random.randrange(10_000) if arguments.seed is None else arguments.seed
    reports = []
    for name in arguments.only or KINDS:
        kind = KINDS[name]
        size = _sized(kind.LONG if arguments.long else kind.SHORT, arguments)
        reports.append(run(kind, size, seed, arguments.data / name if arguments.data else None))
        show(reports[-1:])
    if len(reports) > 1:
        show(reports)
    return 1 if any(report.faults or (arguments.strict and report.slow) for report in reports) else 0


def _sized(size: Size, arguments: argparse.Namespace) -> Size:
    given = {"strikes": arguments.strikes, "events": arguments.events, "away_s": arguments.away}
    return replace(size, **{name: value for name, value in given.items() if value is not None})


if __name__ == "__main__":
    sys.exit(main())
