"""One run: a suite, a load, the kills, then the checks."""

import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos import checks, suite
from tests.chaos.killer import Killer
from tests.chaos.load import Load, draw
from tests.chaos.pace import Pace
from tests.chaos.sender import Senders

DRAIN_LIMIT_S = 240


@dataclass
class Report:
    """What happened."""

    seed: int
    events: int
    seconds: float = 0.0
    drain_s: float = 0.0
    retries: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    standing: int = 0
    alerts: int = 0
    mails: int = 0
    doubtful: int = 0
    twice: int = 0
    complaints: dict[str, list[str]] = field(default_factory=dict)
    data: Path | None = None

    @property
    def faults(self) -> int:
        """How many complaints there are."""
        return sum(len(said) for said in self.complaints.values())


def run(kills: int, events: int, seed: int, directory: Path | None = None) -> Report:
    """Do it all. The suite's data are kept when something is wrong, or when `directory` is given."""
    report = Report(seed, events)
    data = directory or Path(tempfile.mkdtemp(prefix="perseverance-chaos-"))
    data.mkdir(parents=True, exist_ok=True)
    report.data = data
    load = draw(events, seed)
    with suite.running(data, load.schools) as up:
        _say(f"seed {seed}: {events} events, {kills} kills, under {data}")
        asyncio.run(_under_fire(up, load, kills, report))
        _say(f"{report.killed.total()} kills in {report.seconds:.0f} s; waiting until all is at rest ...")
        started = time.monotonic()
        suite.command(data, "wait", "--timeout", str(DRAIN_LIMIT_S), limit_s=DRAIN_LIMIT_S + 60)
        report.drain_s = time.monotonic() - started
        evidence = checks.Evidence(up, load, report.verdicts)
        report.complaints = checks.complaints(evidence)
        report.standing, report.alerts = len(evidence.standing), len(evidence.alerts)
        report.mails = len(evidence.mails)
        report.doubtful = sum(1 for mail in evidence.mails if mail["doubtful"])
        report.twice = sum(1 for copies in evidence.captured.values() if copies > 1)
    if not report.faults and directory is None:
        shutil.rmtree(data, ignore_errors=True)
        report.data = None
    return report


async def _under_fire(up: suite.Suite, load: Load, kills: int, report: Report) -> None:
    started = time.monotonic()
    pace = Pace()
    senders = Senders(up, load.sent, report.seed, pace)
    killer = Killer(up.data, kills, report.seed, pace)
    async with asyncio.TaskGroup() as group:
        telling = group.create_task(_tell(senders, killer))
        working = (group.create_task(senders.run()), group.create_task(killer.run()))
        await asyncio.wait(working, return_when=asyncio.FIRST_EXCEPTION)
        telling.cancel()
    report.seconds = time.monotonic() - started
    report.killed, report.verdicts, report.retries = killer.killed, senders.verdicts, senders.retries


async def _tell(senders: Senders, killer: Killer) -> None:
    while True:
        await asyncio.sleep(5)
        _say(f"  {senders.sent} events sent, {killer.killed.total()} kills, {senders.retries} retries")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
