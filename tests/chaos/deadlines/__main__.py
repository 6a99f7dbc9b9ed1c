"""`python -m tests.chaos.deadlines --deadlines N --workers 8 --kills K --seed S`. Exit code 1 on any fault."""

import argparse
import random
import signal
import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.parcours.alarm import BATCH
from tests.chaos.checks import SHOWN
from tests.chaos.deadlines.run import DAYS, Report, Size, run


def main() -> int:
    """Run it and say how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.deadlines", description=__doc__)
    parser.add_argument("--deadlines", type=int, default=100_000, help="how many are opened (default %(default)s)")
    parser.add_argument("--workers", type=int, default=8, help="at work at once (default %(default)s)")
    parser.add_argument("--kills", type=int, default=60, help="how many kill -9, one by one (default %(default)s)")
    parser.add_argument("--batch", type=int, default=BATCH, help="taken at once (default %(default)s)")
    parser.add_argument("--seed", type=int, help="of parcours, people, victims and moments (default: a new one)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that server and workers are stopped too
    seed = random.randrange(10_000) if arguments.seed is None else arguments.seed
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=1.0)

        def tell(done: float, doing: str) -> None:
            progress.update(bar, completed=done, description=f"{doing:<24}")

        size = Size(arguments.deadlines, arguments.workers, arguments.kills, arguments.batch)
        report = run(size, seed, tell)
    show(report)
    return 1 if report.faults else 0


def show(report: Report) -> None:
    """The report as a table; faults below it."""
    table = Table(title=f"deadlines, seed {report.seed}", show_header=False)
    table.add_row("opened", f"{report.planted:,} deadlines, of {report.parcours:,} parcours and of delays")
    table.add_row("fired", f"{report.fired.total():,}: " + _counts(report.fired))
    table.add_row("people", _counts(report.acts) + f", erased {report.erased}")
    table.add_row(
        "killed",
        f"{report.killed}, {report.in_the_middle} of them in the middle of a transaction; frozen: {report.frozen}",
    )
    table.add_row("workers", f"{report.workers_started} in all, {min(report.skews):+.0f} to {max(report.skews):+.0f} s")
    table.add_row("begun again", _counts(report.begun_again) or "never")
    table.add_row("after 3 days", f"{report.waiting:,} due, caught up in {report.catch_up_s:.1f} s")
    table.add_row("seconds", f"{report.seconds:.0f} for {DAYS} days")
    for rule, said in report.wrong.items():
        table.add_row(rule, "[green]yes[/]" if not said else f"[red]NO ({len(said)})[/]")
    console = Console(width=110)
    console.print(table)
    for rule, said in report.wrong.items():
        for complaint in said[:SHOWN]:
            console.print(f"{rule}: {complaint}", markup=False)
    if report.faults:
        console.print(f"database and log kept in {report.data}; again with --seed {report.seed}", markup=False)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
