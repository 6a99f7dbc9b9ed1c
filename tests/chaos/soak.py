"""`python -m tests.chaos.soak --minutes N --seed S`: a steady load and a fault a minute. Exit code 1 on any fault."""

import argparse
import random
import signal
import sys
from pathlib import Path

from tests.chaos.kinds.soak import Soak, minutes
from tests.chaos.run import run
from tests.chaos.table import show


def main() -> int:
    """Run it and say how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=60, help="how long (default 60)")
    parser.add_argument("--seed", type=int, help="of load, victims and moments (default: a new one)")
    parser.add_argument("--data", type=Path, help="keep everything here")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seed = random.randrange(10_000) if arguments.seed is None else arguments.seed
    report = run(Soak, minutes(arguments.minutes), seed, arguments.data)
    show([report])
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
