"""`python -m benchmarks.sizing`: weigh a year, measure each stage, compute an académie and France from them."""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks import markdown
from benchmarks.__main__ import machine, step
from benchmarks.engines import running_engines
from benchmarks.sizing import paper, rates, year
from benchmarks.sizing.paper import Figures

COMMAND = "make sizing"


def main() -> int:
    """Measure, print the tables; write them where asked."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    given = arguments.given
    figures = paper.of_json(json.loads(given.read_text())) if given else _measured(arguments)
    print(paper.tables(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(asdict(figures), indent=2) + "\n")
    if arguments.write:
        markdown.put(markdown.SCALE, COMMAND, paper.tables(figures))
    return 0


def _measured(arguments: argparse.Namespace) -> Figures:
    seed, before = arguments.seed, machine()
    directory = Path(tempfile.mkdtemp(prefix="perseverance-sizing-"))
    try:
        played = step("a school year", lambda: year.play(directory, arguments.pupils, seed))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    peaks = step("its peaks", lambda: year.peaks(arguments.pupils, seed))
    with running_engines() as engines:
        measured = step("rates", lambda: rates.measure(engines, arguments.events, seed))
        connections = step("connections", lambda: rates.connections(engines, seed))
    return Figures(played, peaks, measured, connections, arguments.academie, before)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizing", description=__doc__)
    parser.add_argument("--pupils", type=int, default=2_000, help="of the school year that is played")
    parser.add_argument("--events", type=int, default=200_000, help="for the pipeline")
    parser.add_argument("--academie", type=int, default=230_000, help="pupils of a large académie")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--from", dest="given", type=Path, help="compute from figures written earlier, measure nothing")
    parser.add_argument("--write", action="store_true", help="put the tables in docs/scale.md")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
