"""`python -m tests.chaos --kills N --absences N --seed S`, or `--short` as CI runs it. Exit code 1 on any fault."""

import argparse
import random
import signal
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos import checks
from tests.chaos.run import Report, run

FULL = {"kills": 100, "absences": 20_000}
SHORT = {"kills": 10, "absences": 2_000}


def main() -> int:
    """Run it and say how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, help=f"how many kill -9 (default {FULL['kills']})")
    parser.add_argument("--absences", type=int, help=f"events sent meanwhile (default {FULL['absences']})")
    parser.add_argument("--seed", type=int, help="of load, victims and moments (default: a new one)")
    parser.add_argument("--short", action="store_true", help=f"{SHORT['kills']} kills, {SHORT['absences']} events")
    parser.add_argument("--data", type=Path, help="keep the suite's data here")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the suite is stopped too
    size = SHORT if arguments.short else FULL
    seed = random.randrange(10_000) if arguments.seed is None else arguments.seed
    report = run(arguments.kills or size["kills"], arguments.absences or size["absences"], seed, arguments.data)
    show(report)
    return 1 if report.faults else 0


def show(report: Report) -> None:
    """The report as a table; faults below it."""
    table = Table(title=f"chaos, seed {report.seed}", show_header=False)
    table.add_row("events sent", f"{report.events} (retries: {report.retries} batches)")
    table.add_row("answers", ", ".join(f"{count} {name}" for name, count in report.verdicts.items() if count))
    killed = ", ".join(f"{name} {count}" for name, count in sorted(report.killed.items()))
    table.add_row("killed", f"{report.killed.total()}: {killed}")
    table.add_row("seconds", f"{report.seconds:.0f} under fire, {report.drain_s:.0f} until at rest")
    table.add_row("alerts", f"{report.alerts} raised, {report.standing} standing")
    table.add_row("mails", f"{report.mails}; {report.doubtful} listed as doubtful, {report.twice} really arrived twice")
    for name, said in report.complaints.items():
        table.add_row(name, "[green]yes[/]" if not said else f"[red]NO ({len(said)})[/]")
    console = Console(width=110)
    console.print(table)
    for name, said in report.complaints.items():
        for complaint in said[: checks.SHOWN]:
            console.print(f"{name}: {complaint}", markup=False)
    if report.faults:
        console.print(f"data and logs kept in {report.data}; again with --seed {report.seed}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
