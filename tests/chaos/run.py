"""One run of one kind of fault: a suite, a load, the strikes, then silence, then the verdicts."""

import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos import ages, checks
from tests.chaos.house import House, opened
from tests.chaos.kinds.base import Kind, Size
from tests.chaos.load import Load, draw
from tests.chaos.pace import Pace
from tests.chaos.pages import People
from tests.chaos.sender import Senders
from tests.chaos.striker import Striker

DRAIN_LIMIT_S = 300
LEAVE_LIMIT_S = 120
SLOW = "too slow"


@dataclass
class Report:
    """What happened. `complaints` by verdict; a run without any is a good one."""

    kind: str
    seed: int
    size: Size
    impossible: str = ""
    seconds: float = 0.0
    ended: float = 0.0
    quiet_s: float = 0.0
    sent: int = 0
    retries: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    acted: int = 0
    on_parcours: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    alerts: int = 0
    standing: int = 0
    mails: int = 0
    doubtful: int = 0
    twice: int = 0
    oldest_s: dict[str, float] = field(default_factory=dict)
    complaints: dict[str, list[str]] = field(default_factory=dict)
    data: Path | None = None

    @property
    def faults(self) -> int:
        """How many complaints there are, those about time left out: they may be the machine's."""
        return sum(len(said) for verdict, said in self.complaints.items() if verdict != SLOW)

    @property
    def slow(self) -> int:
        """How many things took longer than they should."""
        return len(self.complaints.get(SLOW, ()))


def run(kind: type[Kind], size: Size, seed: int, directory: Path | None = None) -> Report:
    """Do it all. The suite's data are kept when something is wrong, or when `directory` is given."""
    report = Report(kind.NAME, seed, size)
    data = directory or Path(tempfile.mkdtemp(prefix="perseverance-chaos-"))
    data.mkdir(parents=True, exist_ok=True)
    report.data = data
    try:
        asyncio.run(_run(kind(size, random.Random(f"strikes-{kind.NAME}-{seed}")), report, data))
    except BaseException:
        _say(f"{kind.NAME}, seed {seed}: the experiment itself failed; data and logs in {data}")
        raise
    if not report.faults and not report.slow and directory is None:
        shutil.rmtree(data, ignore_errors=True)
        report.data = None
    return report


async def _run(kind: Kind, report: Report, data: Path) -> None:
    report.impossible = await kind.impossible()
    if report.impossible:
        return
    load = draw(report.size.events, report.seed)
    house = House(data, list(load.schools), kind.environment, kind.replicas)
    try:
        await kind.open(house)
        async with opened(house):
            await kind.begin(house)
            _say(f"{kind.NAME}, seed {report.seed}: {report.size.events} events, {report.size.strikes} strikes, {data}")
            senders, people = await _under_fire(house, load, kind, report)
            _say(f"  {report.struck.total()} strikes in {report.seconds:.0f} s; waiting until all is at rest ...")
            await _quiet(house, kind, report, senders)
            await _judge(house, load, kind, report, people)
    finally:
        await kind.close()


async def _under_fire(house: House, load: Load, kind: Kind, report: Report) -> tuple[Senders, People]:
    pace = Pace() if kind.rate is None else Pace.alone()
    senders = Senders(house, load.sent, report.seed, pace, by_nats=kind.by_nats, allowed=kind.allowed, rate=kind.rate)
    people = People(house, kind.allowed, random.Random(f"people-{report.seed}"))
    striker = Striker(house, kind, pace)
    await people.arrive()
    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        telling, acting = group.create_task(_tell(senders, kind)), group.create_task(people.run())
        working = (group.create_task(senders.run()), group.create_task(striker.run()))
        done, _ = await asyncio.wait(working, return_when=asyncio.FIRST_EXCEPTION)
        if not any(task.exception() for task in done):
            await kind.settle(house)
            if kind.resend:
                again = Senders(house, load.sent, report.seed + 1, Pace.alone(), by_nats=0, allowed=kind.allowed)
                await again.run()
                kind.notes.append(f"sent again at the end: {again.verdicts['accepted']} accepted anew")
            report.seconds = time.monotonic() - started
            people.leave()
            await asyncio.wait([acting], timeout=LEAVE_LIMIT_S)
        for task in (telling, acting):
            task.cancel()
    report.struck, report.recoveries = kind.struck, kind.recoveries
    return senders, people


async def _quiet(house: House, kind: Kind, report: Report, senders: Senders) -> None:
    report.ended = time.time()
    waiting = ("wait", "--timeout", str(DRAIN_LIMIT_S))
    try:
        await asyncio.to_thread(house.command, *waiting, limit_s=DRAIN_LIMIT_S + 60)
    except subprocess.CalledProcessError as error:
        after = f"`wait` ended with {error.returncode} after {time.time() - report.ended:.0f} s"
        report.complaints["not quiet"] = [f"{after}: {error.stdout.strip()}; whatever else is said may come of that"]
    report.sent, report.retries, report.verdicts = senders.sent, senders.retries, senders.verdicts


async def _judge(house: House, load: Load, kind: Kind, report: Report, people: People) -> None:
    evidence = checks.Evidence(house, load, report.verdicts, people.coordination.acts, kind.rebuilt, kind.forgotten)
    await evidence.collect()
    found = await asyncio.to_thread(checks.complaints, evidence)
    for verdict, said in found.items():
        report.complaints.setdefault(verdict, []).extend(said)
    report.complaints["HTTP errors"] += [f"{count} times {what}" for what, count in people.desk.wrong.items()]
    slow = report.complaints.setdefault(SLOW, [])
    # By the last message, not by the command that waits: on a busy machine a command takes half a minute to start.
    report.quiet_s = max(0.0, ages.last(evidence.moments) - report.ended)
    if report.quiet_s > kind.quiet_s:
        slow.append(f"quiet after {report.quiet_s:.0f} s, at most {kind.quiet_s:.0f} s")
    if kind.resumes_s is not None:
        slow += [f"resumed after {each:.1f} s" for each in kind.recoveries if each > kind.resumes_s]
    report.oldest_s = ages.oldest(evidence.moments)
    if kind.oldest_s is not None:
        slow += [f"{name}: {age:.1f} s old" for name, age in report.oldest_s.items() if age > kind.oldest_s]
    report.complaints["anything else"] = kind.wrong
    load_average = f"the machine's load at the end: {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"
    report.notes = [*kind.notes, load_average]
    report.answers, report.acted = people.desk.answers, people.desk.acted
    report.on_parcours = Counter(f"{act.name} {act.outcome}" for act in people.coordination.acts)
    report.standing, report.alerts, report.mails = len(evidence.standing), len(evidence.alerts), len(evidence.mails)
    report.doubtful = sum(1 for mail in evidence.mails if mail["doubtful"])
    report.twice = sum(1 for copies in evidence.captured.values() if copies > 1)
    house.record.add("verdict", kind=kind.NAME, seed=report.seed, complaints=report.complaints)


async def _tell(senders: Senders, kind: Kind) -> None:
    while True:
        await asyncio.sleep(10)
        _say(f"  {senders.sent} events sent, {kind.struck.total()} strikes, {senders.retries} retries")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
