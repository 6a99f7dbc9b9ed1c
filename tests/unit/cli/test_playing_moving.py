"""The simulated clock stops where something about a parcours falls due, and waits there; it passes by the rest."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chassis.clock import SimulatedClock
from chassis.service import Service
from cli.errors import CliError
from cli.playing import moving
from cli.playing.moving import Hands
from cli.runtime import Suite
from cli.simulator.events import PARIS

DUE = datetime(2026, 2, 28, 23, tzinfo=UTC)  # midnight in France, a Sunday begins


def office(day: date) -> datetime:
    return datetime.combine(day, time(18, 30), PARIS)


class Told:
    """A drain that is always at rest."""

    def __init__(self) -> None:
        self.waits = 0

    async def wait(self, timeout_s: float | None, look_every_s: tuple[float, float]) -> list[Any]:
        self.waits += 1
        return []


class Watched(Hands):
    """Hands on nothing: `due` is what is open, and rings once it was looked at `patience` times after it was due."""

    def __init__(self, due: list[datetime], clock: str = "simulated", patience: int = 2) -> None:
        service = cast(Service, SimpleNamespace(name="parcours", nats=SimpleNamespace(js=None)))
        super().__init__(Suite(Path("var"), "", "postgresql://nowhere", clock=clock), [service])
        self.places: list[datetime] = []
        self.told = Told()
        self._told = self.told  # type: ignore[assignment]
        self._due, self._patience, self._looks = sorted(due), patience, 0
        if self._clock is not None:
            self._clock = cast(SimulatedClock, SimpleNamespace(set=self.places.append))

    def _next_stop(self) -> datetime | None:
        if self._due and self.places and self._due[0] <= self.places[-1]:
            self._looks += 1
            if self._looks > self._patience:
                self._looks = 0
                self._due = [due for due in self._due if due > self.places[-1]]
        return self._due[0] if self._due else None


FRIDAY, MONDAY, TUESDAY = (office(date(2026, 2, 27)), office(date(2026, 3, 2)), office(date(2026, 3, 3)))


async def test_it_stops_on_a_day_without_class_until_what_fell_due_is_decided_and_told() -> None:
    hands = Watched([DUE])
    await hands.move(FRIDAY)
    assert hands.told.waits == 0
    await hands.move(MONDAY)
    assert hands.places == [FRIDAY, office(date(2026, 3, 1)), MONDAY]
    assert hands.told.waits == 1


async def test_it_does_not_leave_a_day_of_class_before_what_fell_due_is_told() -> None:
    hands = Watched([datetime(2026, 3, 1, 23, tzinfo=UTC)])
    await hands.move(MONDAY)
    assert (hands.places, hands.told.waits) == ([MONDAY], 0)
    await hands.move(TUESDAY)
    assert (hands.places, hands.told.waits) == ([MONDAY, TUESDAY], 1)


async def test_it_passes_by_what_is_due_later() -> None:
    hands = Watched([DUE + timedelta(60)])
    for day in (FRIDAY, MONDAY, TUESDAY):
        await hands.move(day)
    assert hands.places == [FRIDAY, MONDAY, TUESDAY]
    assert hands.told.waits == 0


async def test_several_days_are_stopped_on_in_turn() -> None:
    hands = Watched([DUE, DUE - timedelta(1), DUE])
    await hands.move(FRIDAY)
    await hands.move(MONDAY)
    assert hands.places == [FRIDAY, office(date(2026, 2, 28)), office(date(2026, 3, 1)), MONDAY]


async def test_a_clock_that_is_the_machines_is_left_to_it() -> None:
    hands = Watched([DUE], clock="system")
    await hands.move(MONDAY)
    assert hands.places == []
    await hands.close()


async def test_a_service_that_decides_nothing_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "REST_LIMIT_S", 0.0)
    hands = Watched([DUE], patience=1_000_000)
    await hands.move(FRIDAY)
    with pytest.raises(CliError, match="does not decide"):
        await hands.move(MONDAY)


def test_the_office_closes_on_the_day_it_is_in_france() -> None:
    assert moving._office_closes(DUE) == office(date(2026, 3, 1))
