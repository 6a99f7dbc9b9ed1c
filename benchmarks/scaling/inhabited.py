"""The suite of a walk as the chaos harness knows one, so that its people act on it and its checks judge it."""

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from benchmarks import memory
from benchmarks.contenders import provision
from benchmarks.engines import Engines
from benchmarks.process import REPOSITORY
from benchmarks.race import WrongResult
from benchmarks.scaling.replicas import Replicas
from benchmarks.scaling.suite import SIMULATED, TODAY, suite_of_ones
from cli.runtime import RUNTIME_FILE
from cli.supervisor import secrets
from tests.chaos import checks
from tests.chaos.acts import DONE
from tests.chaos.house import House
from tests.chaos.load import Load, Said, draw
from tests.chaos.pages import People
from tests.chaos.suite import Suite, load_directory
from tests.chaos.verdicts import HTTP

_EVENTS = 60_000  # twenty minutes of them: more than a walk lasts
_PUPILS_AT_A_TIME = 20  # so that there are alerts to act on from the first seconds on
_REST_LIMIT_S = 300
_COME_AGAIN = 503


class Walked(House):
    """A suite whose replicas the walk starts and stops. `environment`: what each of them is told."""

    def __init__(self, engines: Engines, database_url: str, schools: Sequence[str]) -> None:
        data = engines.directory / "walked"
        data.mkdir()
        kept = json.loads(secrets.ensure(data).read_text())
        super().__init__(data, list(schools), SIMULATED | kept, replicas=1)
        servers = {"nats_url": engines.nats_url, "database_url": database_url}
        runtime = {"pid": os.getpid(), "clock": "simulated", **servers}
        (data / RUNTIME_FILE).write_text(json.dumps(runtime))
        self.suite = Suite(data, "", "", schools)

    @property
    def today(self) -> date:
        """Of the clock that the suite goes by."""
        return TODAY


def draw_load(seed: int) -> Load:
    """What schools say, about a few pupils at a time."""
    drawn = draw(_EVENTS, seed)
    return Load(drawn.schools, sorted(drawn.sent, key=_group))


def _group(said: Said) -> int:
    return int(str(said.fact.student)[:9]) // _PUPILS_AT_A_TIME  # in a group they stay as they were drawn


@contextmanager
def inhabited(engines: Engines, schools: Sequence[str]) -> Iterator[tuple[Walked, dict[str, Replicas]]]:
    """One replica of every service, a relay for its e-mails, and people in charge of `schools`."""
    database_url = provision(engines, "walk")
    memory.open_door(database_url)
    house = Walked(engines, database_url, schools)
    try:
        load_directory(house.suite, house.environment)
        with _mail_relay(house.data / "mail") as port:
            mail = {"PERSEVERANCE_SMTP_HOST": "127.0.0.1", "PERSEVERANCE_SMTP_PORT": str(port)}
            with suite_of_ones(engines, database_url, house.environment | mail) as suite:
                house.suite = Suite(house.data, suite["projections"].urls[0], "", schools)
                yield house, suite
    finally:
        house.record.close()


@contextmanager
def _mail_relay(directory: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "services.notifications.catcher", "--dir", str(directory)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline().rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(10)


class Inhabitants:
    """People who act, in a thread, for as long as a block; at its end they finish what they began."""

    def __init__(self, house: Walked, seed: int) -> None:
        # Four processes that start at once may starve whoever decides for longer than somebody waits for an answer.
        self.people = People(house, frozenset({_COME_AGAIN}), random.Random(f"people-{seed}"))
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> "Inhabitants":
        asyncio.run(self.people.arrive())
        self._acting = self._thread.submit(lambda: asyncio.run(self.people.run()))
        return self

    def __exit__(self, *_: object) -> None:
        self.people.leave()
        self._thread.shutdown()
        self._acting.result()

    @property
    def done(self) -> int:
        """How many acts on parcours were done."""
        return sum(1 for act in self.people.coordination.acts if act.outcome == DONE)

    @property
    def again(self) -> int:
        """How often somebody was told to come again: the act is then asked for anew, with the same key."""
        return self.people.desk.answers[str(_COME_AGAIN)]

    @property
    def wrong(self) -> list[str]:
        """Answers that should not have been; who stays answers everybody, so that no request may be lost."""
        lost = {said: count for said, count in self.people.desk.answers.items() if not said.isdecimal()}
        return [f"{count} times {said}" for said, count in {**self.people.desk.wrong, **lost}.items()]


def judge(house: Walked, load: Load, inhabitants: Inhabitants) -> int:
    """How many alerts stand, once all is at rest and as `load` and people's acts leave it. Raises WrongResult."""
    house.command("wait", "--timeout", str(_REST_LIMIT_S), limit_s=_REST_LIMIT_S + 60)
    evidence = checks.Evidence(house, load, {}, inhabitants.people.coordination.acts)
    asyncio.run(evidence.collect())
    found = checks.complaints(evidence)
    found[HTTP] += inhabitants.wrong
    if any(found.values()):
        told = (f"{len(said)} {verdict}: {'; '.join(said[: checks.SHOWN])}" for verdict, said in found.items() if said)
        raise WrongResult("\n".join(told))
    if not evidence.standing or not inhabitants.done:
        raise WrongResult("no alert stands, or nobody could act: too little was done to prove anything")
    return len(evidence.standing)
