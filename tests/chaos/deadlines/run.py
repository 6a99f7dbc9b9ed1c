"""The experiment: eight weeks of simulated time, workers killed all along, all of them away for three days."""

import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from chassis.clock import SimulatedClock
from chassis.database import Database
from chassis.embedded import EmbeddedPostgres
from chassis.provision import provision_database
from chassis.store import EventStore
from services.parcours.alarm import BATCH
from services.parcours.tables import SCHEMA
from tests.chaos.deadlines import verdicts
from tests.chaos.deadlines.book import midnight
from tests.chaos.deadlines.cohort import FIRST_DAY, OPENED_AT, plant
from tests.chaos.deadlines.crew import Crew
from tests.chaos.deadlines.people import People
from tests.chaos.deadlines.verdicts import Shown

DAYS = 56
DOWN_AT, DOWN_DAYS = 24, 3
_END_WITHIN = (8, 45)
_DOWN_SHARE = 0.3  # of the parcours end while nobody is there
_JUST = timedelta(minutes=2)  # before a midnight, and after: well within the skew
_CATCH_UP_KILLS = 0.25
_BETWEEN_KILLS_S = 0.2
_OFTEN_DRAINED = 0.7
_OFTEN_FROZEN, _FROZEN_S = 0.1, 0.5
_LIMIT_S = 300
Tell = Callable[[float, str], None]


@dataclass
class Report:
    """How it went."""

    seed: int
    planted: int = 0
    parcours: int = 0
    killed: int = 0
    in_the_middle: int = 0
    frozen: int = 0
    workers_started: int = 0
    skews: list[float] = field(default_factory=list)
    begun_again: dict[str, int] = field(default_factory=dict)
    waiting: int = 0  # deadlines due when the workers came back after the three days
    catch_up_s: float = 0.0
    seconds: float = 0.0
    acts: Counter[str] = field(default_factory=Counter)
    erased: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    data: Path | None = None

    @property
    def faults(self) -> int:
        """How many complaints there are."""
        return sum(len(said) for said in self.wrong.values())


@dataclass(frozen=True)
class Size:
    """How much of everything. The smaller the load, the smaller the `batch` that leaves something for each worker."""

    deadlines: int
    workers: int
    kills: int
    batch: int = BATCH


def run(size: Size, seed: int, tell: Tell = lambda *_: None) -> Report:
    """Do it all. The database and the workers' log are kept when something is wrong."""
    report = Report(seed)
    data = Path(tempfile.mkdtemp(prefix="perseverance-deadlines-"))
    server = EmbeddedPostgres(data / "postgres")
    try:
        tell(0.0, "opening parcours")
        url = server.start()
        provision_database(url, [SCHEMA])
        with _Experiment(url, data / "workers.log", size, report) as experiment:
            experiment.live(tell)
        tell(1.0, "reading the record")
        verdict = verdicts.look(url, experiment.now, experiment.shown, experiment.people.answers)
        report.fired, report.wrong = verdict.fired, verdict.wrong
    except Exception as error:
        error.add_note(f"database and workers' log kept in {data}; seed {seed}")
        raise
    finally:
        server.stop()
    if report.faults:
        report.data = data
    else:
        shutil.rmtree(data, ignore_errors=True)
    return report


class _Experiment:
    """Everybody who takes part, and the clock."""

    def __init__(self, url: str, log: Path, size: Size, report: Report) -> None:
        self._rng = random.Random(f"deadlines-{report.seed}")
        self._report = report
        self._owner = Database(url, "parcours", role="")
        self._clock = SimulatedClock(self._owner)
        self.shown: list[Shown] = []
        self._set(OPENED_AT)
        store = EventStore(self._owner)
        report.planted, followed = plant(store, size.deadlines, report.seed, _draw_end)
        report.parcours = len(followed)
        store.close()
        self.people = People(url, self._clock, followed, random.Random(f"people-{report.seed}"))
        self._crew = Crew(url, size.workers, size.batch, random.Random(f"crew-{report.seed}"), log)
        in_catch_up = max(1, round(size.kills * _CATCH_UP_KILLS))
        others = [number for number in range(1, DAYS + 1) if not _down(number)]
        self._kills = Counter(self._rng.choices(others, k=size.kills - in_catch_up))
        self._kills[DOWN_AT] = in_catch_up

    def __enter__(self) -> "_Experiment":
        return self

    def __exit__(self, *_: object) -> None:
        report, crew = self._report, self._crew
        crew.stop()
        self.people.close()
        self._owner.close()
        report.killed, report.in_the_middle = crew.killed, crew.in_the_middle
        report.frozen = crew.frozen
        report.workers_started, report.skews = crew.started, crew.skews
        report.begun_again, report.acts = crew.begun_again(), self.people.counts
        report.erased = len(self.people.erased)

    @property
    def now(self) -> datetime:
        """What the database's clock shows."""
        return self.shown[-1].instant

    def live(self, tell: Tell) -> None:
        """Eight weeks, midnight after midnight."""
        started = time.monotonic()
        self._crew.start()
        self._crew.wait_ready()
        self._crew.go()
        for number in range(1, DAYS + 1):
            tell(number / (DAYS + 1), f"day {number}, {self._crew.killed} killed")
            if number == DOWN_AT:
                self._three_days_without_anybody()
            elif not _down(number):
                self._midnight(number)
            self._crew.check()
        self._until_nothing_is_due()
        self._report.seconds = time.monotonic() - started

    def _midnight(self, number: int) -> None:
        """Just before: people act, and nothing more may fire. Just after: the alarm, people and kills at once."""
        instant = midnight(FIRST_DAY + timedelta(number))
        last_day = FIRST_DAY + timedelta(number - 1)
        self._set(instant - _JUST)
        self.people.act(last_day, racing=False)
        self.people.wait()
        self._set(instant + _JUST)
        self.people.act(last_day, racing=True)
        if self._rng.random() < _OFTEN_FROZEN:
            with self._crew.one_frozen():
                time.sleep(_FROZEN_S)
        self._kill(self._kills[number])
        self.people.wait()
        if self._rng.random() < _OFTEN_DRAINED:
            self._until_nothing_is_due()

    def _three_days_without_anybody(self) -> None:
        self._set(midnight(FIRST_DAY + timedelta(DOWN_AT)) - _JUST)
        self.people.act(FIRST_DAY + timedelta(DOWN_AT - 1), racing=False)
        self.people.wait()
        self._crew.kill_all()
        self._set(self.now + timedelta(DOWN_DAYS))
        self._report.waiting = self._due()
        self._crew.start()
        self._crew.wait_ready()
        started = time.monotonic()
        self._crew.go()
        for number in range(DOWN_DAYS):
            self.people.act(FIRST_DAY + timedelta(DOWN_AT - 1 + number), racing=True)
        with self._crew.one_frozen():
            time.sleep(_FROZEN_S)
        self._kill(self._kills[DOWN_AT])
        self._until_nothing_is_due()
        self._report.catch_up_s = time.monotonic() - started
        self.people.wait()

    def _kill(self, times: int) -> None:
        for _ in range(times):
            self._crew.kill_one()
            time.sleep(self._rng.uniform(0, _BETWEEN_KILLS_S))

    def _set(self, instant: datetime) -> None:
        if self.shown:
            self.shown[-1] = Shown(self.now, self._owner.rows("SELECT max(notification_id) FROM stored_events")[0][0])
        self._clock.set(instant)
        self.shown.append(Shown(instant))

    def _due(self) -> int:
        query = "SELECT count(*) FROM deadlines WHERE fired_at IS NULL AND due_at <= %s"
        return int(self._owner.rows(query, (self.now,))[0][0])

    def _until_nothing_is_due(self) -> None:
        """Or until it takes too long: the verdicts will then say what never fired."""
        limit = time.monotonic() + _LIMIT_S
        while self._due() and time.monotonic() < limit:
            self._crew.check()
            time.sleep(0.01)


def _down(number: int) -> bool:
    return DOWN_AT <= number < DOWN_AT + DOWN_DAYS


def _draw_end(rng: random.Random) -> int:
    if rng.random() < _DOWN_SHARE:
        return rng.randint(DOWN_AT - 1, DOWN_AT + DOWN_DAYS)
    return rng.randint(*_END_WITHIN)
