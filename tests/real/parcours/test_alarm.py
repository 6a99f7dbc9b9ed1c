"""A deadline nobody can decide upon stops no other, and is not lost."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from chassis.clock import FixedClock
from chassis.database import Database
from chassis.store import EventStore
from contracts import parcours_commands as asked
from contracts.examples import parcours_command
from services.parcours import rules
from services.parcours.alarm import Alarm
from services.parcours.application import ParcoursService
from services.parcours.days import end_of
from tests.unit.parcours.given import on

ENDS = date(2025, 12, 31)
SPOILT = UUID(int=2)


class Bench:
    """Three parcours in the store, the second of which has an event this version cannot read."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, "parcours")
        self.store = EventStore(self.database)
        self.clock = FixedClock(on("08/09/2025"))
        self.application = ParcoursService(self.store, self.clock, rules.load())
        for number in (1, 2, 3):
            given = {"parcours_id": UUID(int=number), "student_id": UUID(int=10 + number), "command_id": uuid4()}
            self.application.obey(parcours_command(asked.OpenParcours, **given))
        self._rename("parcours.Opened.1", "parcours.OpenedByALaterVersion.1")
        self.clock.set(end_of(ENDS) + timedelta(hours=1))

    def _rename(self, before: str, after: str) -> None:
        with self.database.transaction() as tx:
            tx.execute(
                "UPDATE stored_events SET topic = %s WHERE originator_id = %s AND topic = %s", (after, SPOILT, before)
            )

    def mend(self) -> None:
        """The version that can read it."""
        self._rename("parcours.OpenedByALaterVersion.1", "parcours.Opened.1")

    def alarm(self) -> Alarm:
        """A worker that has just started."""
        return Alarm(self.application, self.database, self.clock, lambda: None)

    def expired(self) -> list[UUID]:
        """Which parcours did, in the order it was recorded."""
        rows = self.database.rows(
            "SELECT originator_id FROM stored_events WHERE topic = 'parcours.Expired.1' ORDER BY notification_id"
        )
        return [parcours_id for (parcours_id,) in rows]

    def close(self) -> None:
        """Give the connections back."""
        self.store.close()
        self.database.close()


@pytest.fixture
def bench(postgres_url: str) -> Iterator[Bench]:
    bench = Bench(postgres_url)
    yield bench
    bench.close()


def ring_out(alarm: Alarm) -> None:
    """Until there is nothing left to decide upon."""
    while alarm.ring():
        pass


def test_it_stops_no_other(bench: Bench) -> None:
    ring_out(bench.alarm())
    assert bench.expired() == [UUID(int=1), UUID(int=3)]


def test_it_stays_due_and_is_decided_upon_once_mended(bench: Bench) -> None:
    ring_out(bench.alarm())
    (waiting,) = bench.database.rows(
        "SELECT count(DISTINCT aggregate_id) FROM deadlines WHERE fired_at IS NULL AND due_at <= %s",
        [bench.clock.now()],
    )
    assert waiting == (1,)
    bench.mend()
    ring_out(bench.alarm())
    assert sorted(bench.expired()) == [UUID(int=1), UUID(int=2), UUID(int=3)]


def test_what_follows_it_waits_with_it(bench: Bench) -> None:
    ring_out(bench.alarm())
    said = bench.database.rows("SELECT count(*) FROM deadlines WHERE aggregate_id = %s AND fired_at IS NULL", [SPOILT])
    assert said == [(6,)]  # the review, four reminders, the end
