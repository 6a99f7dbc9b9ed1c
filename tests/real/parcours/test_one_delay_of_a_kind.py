"""Of each kind of delay a pupil has one at a time, whoever starts another, and however many start it at once."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from uuid import UUID, uuid4

import pytest

from chassis.clock import FixedClock
from chassis.database import Database
from chassis.store import EventStore
from contracts import parcours_commands as asked
from contracts.delays import DelayKind, DelayState
from contracts.examples import STUDENT, UAI, parcours_command
from services.parcours import events, rules
from services.parcours.alarm import Alarm
from services.parcours.application import ParcoursService
from services.parcours.days import end_of
from services.parcours.delay import Delay
from services.parcours.pupil import Pupil
from services.parcours.refusals import Refused
from tests.unit.parcours.given import REGULATION, act, on

SINCE, UNTIL = date(2025, 9, 8), date(2025, 11, 8)
FIRST = UUID(int=1)


class Desk:
    """The application on its store, without the service around it."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, "parcours")
        self.store = EventStore(self.database)
        self.clock = FixedClock(on("08/09/2025"))
        self.application = ParcoursService(self.store, self.clock, rules.load())

    def starts(self, **differently: object) -> str:
        """Somebody starts a delay: its state, or the code of the refusal."""
        given = {"delay_id": uuid4(), "command_id": uuid4(), "since": SINCE} | differently
        try:
            return self.application.obey(parcours_command(asked.StartDelay, **given)).value
        except Refused as refusal:
            return refusal.code

    def ends(self, delay_id: UUID) -> str:
        """Somebody says that it is done."""
        return self.application.obey(parcours_command(asked.EndDelay, delay_id=delay_id, command_id=uuid4())).value

    def at_once(self, several: Sequence[Callable[[], str]]) -> list[str]:
        """What each is answered, sorted, when all ask in the same instant."""
        together = Barrier(len(several))

        def ask(one: Callable[[], str]) -> str:
            together.wait()
            return one()

        with ThreadPoolExecutor(len(several)) as people:
            return sorted(people.map(ask, several))

    def started(self) -> int:
        """How many delays there are."""
        rows = self.database.rows("SELECT count(*) FROM stored_events WHERE topic = 'parcours.DelayStarted.1'")
        return int(rows[0][0])

    def erase(self) -> None:
        """The pupil is erased."""
        with self.database.transaction() as tx:
            self.application.erase(tx, [STUDENT])

    def close(self) -> None:
        """Give the connections back."""
        self.store.close()
        self.database.close()


@pytest.fixture
def desk(postgres_url: str) -> Iterator[Desk]:
    desk = Desk(postgres_url)
    yield desk
    desk.close()


def test_of_people_who_start_it_at_once_one_does(desk: Desk) -> None:
    answers = desk.at_once([desk.starts] * 6)
    assert answers == [*["delay_running"] * 5, "running"]
    assert desk.started() == 1


def test_the_same_command_is_one_act_however_often_and_at_once(desk: Desk) -> None:
    again = {"delay_id": FIRST, "command_id": UUID(int=2)}
    assert desk.at_once([lambda: desk.starts(**again)] * 4) == ["running"] * 4
    assert desk.starts(**again) == "running"
    assert desk.started() == 1


def test_kinds_and_pupils_are_apart(desk: Desk) -> None:
    assert desk.starts() == "running"
    assert desk.starts(kind=DelayKind.RETURN_INTERVIEW) == "running"
    assert desk.starts(student_id=uuid4()) == "running"


def test_another_may_begin_after_it_was_ended(desk: Desk) -> None:
    desk.starts(delay_id=FIRST)
    assert desk.starts() == "delay_running"
    desk.ends(FIRST)
    assert desk.starts(delay_id=UUID(int=2)) == "running"
    assert desk.starts() == "delay_running"


def test_another_may_begin_after_it_was_reached(desk: Desk) -> None:
    desk.starts(delay_id=FIRST)
    desk.clock.set(end_of(UNTIL))
    alarm = Alarm(desk.application, desk.database, desk.clock, lambda: None)
    while alarm.ring():
        pass
    with desk.database.transaction() as tx:
        (kept,) = desk.store.load(tx, [FIRST]).values()
    assert isinstance(kept[-1], events.DelayReached)
    assert desk.starts(since=date(2025, 11, 9)) == "running"


def test_one_that_was_started_by_a_former_version_counts_too(desk: Desk) -> None:
    """It kept what concerns a pupil, to forget it with them: that is enough to find it."""
    pupil, delay = Pupil(STUDENT), Delay(FIRST)
    pupil.concern(FIRST, desk.clock.now())
    assert delay.start(STUDENT, UAI, DelayKind.OF_SUMMONS, SINCE, REGULATION, act(on("08/09/2025"))) is (
        DelayState.RUNNING
    )
    with desk.database.transaction() as tx:
        desk.store.append(tx, [*pupil.collect(), *delay.collect()])
    assert desk.starts() == "delay_running"


def test_an_erased_pupil_is_forgotten_with_it(desk: Desk) -> None:
    desk.starts(delay_id=FIRST)
    desk.erase()
    assert desk.starts() == "pupil_erased"
    assert desk.database.rows("SELECT count(*) FROM deadlines WHERE fired_at IS NULL") == [(0,)]
