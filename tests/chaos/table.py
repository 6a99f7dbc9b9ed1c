"""Reports as tables."""

import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.checks import SHOWN
from tests.chaos.run import SLOW, Report
from tests.chaos.verdicts import VERDICTS

_WIDTH = 118


@cache
def commit() -> str:
    """The commit that is tried, with a + when files differ from it."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+", "--abbrev=10"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def show(reports: Sequence[Report]) -> None:
    """One report in full; several as one line each."""
    console = Console(width=_WIDTH)
    if len(reports) > 1:
        console.print(_lines(reports))
        return
    (report,) = reports
    if report.impossible:
        console.print(f"{report.kind}: not on this machine: {report.impossible}", markup=False)
        return
    console.print(_whole(report))
    for verdict, said in report.complaints.items():
        for complaint in said[:SHOWN]:
            console.print(f"{verdict}: {complaint}", markup=False)
    if report.data and (report.faults or report.slow):
        again = f"--only {report.kind} --seed {report.seed}"
        again += f" --strikes {report.size.strikes} --events {report.size.events}"
        console.print(f"data, logs and attempts.jsonl kept in {report.data}; again with {again}", markup=False)


def _whole(report: Report) -> Table:
    table = Table(title=f"chaos: {report.kind}, seed {report.seed}, commit {commit()}", show_header=False)
    table.add_row("events sent", f"{report.sent} (sent again: {report.retries} batches)")
    table.add_row("answers to senders", _counts(report.verdicts))
    table.add_row("answers to people", f"{_counts(report.answers)}; {report.acted} acts done")
    table.add_row("acts on parcours", _counts(report.on_parcours))
    table.add_row("struck", f"{report.struck.total()}: {_counts(report.struck)}")
    table.add_row("seconds", f"{report.seconds:.0f} under fire, {report.quiet_s:.1f} until the last message")
    if report.recoveries:
        slowest = max(report.recoveries)
        table.add_row("resumed", f"{len(report.recoveries)} times, the slowest after {slowest:.1f} s")
    waits = ", ".join(f"{stream} {seconds:.1f} s" for stream, seconds in report.oldest_s.items())
    table.add_row("longest from cause to message", waits)
    table.add_row("alerts", f"{report.alerts} raised, {report.standing} standing")
    table.add_row("mails", f"{report.mails}; {report.doubtful} listed as doubtful, {report.twice} arrived twice")
    for note in report.notes:
        table.add_row("noted", note)
    for verdict, said in report.complaints.items():
        table.add_row(verdict, f"[red]{len(said)}[/]" if said else "[green]0[/]")
    return table


def _lines(reports: Sequence[Report]) -> Table:
    table = Table(title=f"chaos, commit {commit()}")
    for column in ("kind", "seed", "events", "strikes", *VERDICTS, "other", SLOW, "quiet", "resumed"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    for report in reports:
        if report.impossible:
            table.add_row(report.kind, str(report.seed), "not on this machine")
            continue
        said = {verdict: len(report.complaints.get(verdict, ())) for verdict in VERDICTS}
        other = report.faults - sum(said.values())
        counts = [f"[red]{count}[/]" if count else "0" for count in (*said.values(), other, report.slow)]
        slowest = f"{max(report.recoveries):.1f} s" if report.recoveries else ""
        table.add_row(
            *(report.kind, str(report.seed), str(report.sent), str(report.struck.total())),
            *counts,
            f"{report.quiet_s:.1f} s",
            slowest,
        )
    return table


def _counts(counted: "dict[str, int]") -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counted.items()) if count)
