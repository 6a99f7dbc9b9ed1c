"""`perseverance doctor`: look at everything, say what is wrong and what to do about it."""

import asyncio
from collections import Counter
from datetime import datetime
from typing import Annotated

import typer

from cli.checkup.findings import Finding, Verdict, wrong
from cli.errors import CliError, ExitCode
from cli.output import console, emit, say
from cli.runtime import Suite, data_of

app = typer.Typer()

_STYLES = {Verdict.ok: "green", Verdict.note: "yellow", Verdict.wrong: "bold red"}


@app.command()
def main(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Findings as JSON.")] = False,
) -> None:
    """Check everything; exit code 1 when something is wrong."""
    suite = Suite.find(data_of(ctx))
    findings = asyncio.run(_look(suite))
    bad = [finding for finding in findings if finding.verdict is Verdict.wrong]
    if as_json:
        emit(
            {
                "well": not bad,
                "findings": [
                    {"check": f.check, "verdict": f.verdict, "detail": f.detail, "remedy": f.remedy} for f in findings
                ],
            }
        )
    else:
        _tell(findings)
    raise typer.Exit(ExitCode.FAILURE if bad else ExitCode.OK)


async def _look(suite: Suite) -> list[Finding]:
    from cli.checkup import engines, machine, services
    from cli.wiring import connected

    findings = [*machine.supervisor(suite), *machine.disk(suite.data), *machine.secrets(suite)]
    for seen in engines.postgres(suite):
        findings += machine.clock(suite, seen) if isinstance(seen, datetime) else [seen]
    findings += [finding async for finding in engines.nats_server(suite)]
    findings += [finding async for finding in services.probes(suite)]
    if any(f.verdict is Verdict.wrong for f in findings if f.check in ("nats", "postgresql", "streams", "tables")):
        return findings  # what follows stands on these
    try:
        async with connected(suite) as wired:
            findings += [finding async for finding in services.backlog(wired)]
            for service in wired:
                findings += await asyncio.to_thread(services.about, service)
    except CliError as error:
        findings.append(wrong("services", error.message, error.hint))
    return findings


def _tell(findings: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        told = Text(finding.detail)
        if finding.remedy:
            told.append(f"\n-> {finding.remedy}", style="dim")
        table.add_row(Text(finding.verdict, style=_STYLES[finding.verdict]), finding.check, told)
    console().print(table)
    counts = Counter(finding.verdict for finding in findings)
    say(f"{counts[Verdict.wrong]} wrong, {counts[Verdict.note]} to know, {counts[Verdict.ok]} well")
