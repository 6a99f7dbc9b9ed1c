"""`perseverance doctor`: look at everything, say what is wrong and what to do about it."""

import asyncio
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.checkup.findings import Finding, Verdict, fail
from cli.errors import CliError
from cli.output import console, emit, say
from cli.runtime import Suite, data_of

app = typer.Typer()

_STYLES = {Verdict.ok: "green", Verdict.warn: "yellow", Verdict.fail: "bold red"}
_CODES = {Verdict.ok: 0, Verdict.warn: 1, Verdict.fail: 2}
_FOUNDATIONS = ("nats", "postgresql", "streams", "tables")


@app.command()
def main(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Findings as JSON.")] = False,
    backups: Annotated[
        Path | None,
        typer.Option(metavar="DIR", envvar="PERSEVERANCE_BACKUPS", help="Where backups are; DATA/backups by default."),
    ] = None,
    where: Annotated[
        str,
        typer.Option(
            "--services",
            metavar="SERVICE=URL,...",
            envvar="PERSEVERANCE_SERVICES",
            help="Where services listen; as `up` put them by default.",
        ),
    ] = "",
) -> None:
    """Check everything; exit code 1 when something is to be looked at, 2 when something fails."""
    suite = Suite.find(data_of(ctx))
    findings = asyncio.run(look(suite, backups, where))
    worst = max((finding.verdict for finding in findings), key=_CODES.__getitem__)
    if as_json:
        emit(
            {
                "well": worst is not Verdict.fail,
                "findings": [
                    {"check": f.check, "verdict": f.verdict, "detail": f.detail, "remedy": f.remedy} for f in findings
                ],
            }
        )
    else:
        _tell(findings)
    raise typer.Exit(_CODES[worst])


async def look(suite: Suite, backups: Path | None = None, where: str = "") -> list[Finding]:
    """Every finding there is; `backups` is where they are kept and `where` services listen, if somebody said."""
    from cli.checkup import backups as saved
    from cli.checkup import directory, engines, environment, machine, services
    from cli.wiring import connected

    findings = [*environment.settings(suite)]
    findings += [*machine.supervisor(suite), *machine.disk(suite), *machine.secrets(suite)]
    findings += saved.age(backups, suite.data / "backups")
    for seen in engines.postgres(suite):
        findings += machine.clock(suite, seen) if isinstance(seen, datetime) else [seen]
    findings += [finding async for finding in engines.nats_server(suite)]
    findings += [finding async for finding in services.probes(suite, where)]
    if any(f.verdict is Verdict.fail for f in findings if f.check in _FOUNDATIONS):
        return findings  # what follows stands on these
    try:
        async with connected(suite) as wired:
            findings += [finding async for finding in directory.coverage(wired[0].nats)]
            findings += [finding async for finding in services.backlog(wired)]
            for service in wired:
                findings += await asyncio.to_thread(services.about, service)
    except CliError as error:
        findings.append(fail("services", error.message, error.hint))
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
    say(f"{counts[Verdict.fail]} fail, {counts[Verdict.warn]} to look at, {counts[Verdict.ok]} well")
