"""What becomes of a parcours, planned on the day it opens from the pupil and the seed alone. Pure.

Acts fall on the days people are at their desks: the last day of class of each month. Ends fall on some of them, so
that the clock has few days of the year to stop on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from cli.playing.chance import pick
from cli.simulator.calendar import month_ends, teaching_days
from contracts.parcours import Outcome, Partner, Scheme, Why
from services.parcours.days import last_day_of

Luck = Callable[[str], float]
"""From 0 to 1, the same for the same name."""

AVENIR_PRO_PLUS_SINCE = date(2025, 12, 10)  # AE-22
_MONTHS = 4  # that Ambition emploi and AvenirPro+ may last (AE-05, AE-21)
_LENGTHS = {  # days
    Scheme.TDO: (50, 100),
    Scheme.AMBITION_EMPLOI: (75, 123),
    Scheme.AVENIR_PRO_PLUS: (75, 123),
}
_END_MONTHS = (12, 1, 3, 5, 7)
_SUMMER_ENDS = tuple(timedelta(days) for days in (7, 28, 59, 89))  # after the last day of class
_CLOSED_LATE = timedelta(14)
_PARTNERS = (*(Partner.MISSION_LOCALE,) * 4, Partner.E2C, Partner.EPIDE, Partner.SERVICE_CIVIQUE, Partner.AFPA)
_WHYS = (Why.SCHOOL_DECIDED, Why.PUPIL_ASKED, Why.FAMILY_ASKED)
_TO_CLASS = (Outcome.RETURN_TO_CLASS, Outcome.RETURN_TO_CLASS, Outcome.OTHER_SCHEME, Outcome.GAVE_UP, Outcome.MOVED)
_TO_WORK = (Outcome.JOB, Outcome.JOB, Outcome.APPRENTICESHIP, Outcome.TRAINING, Outcome.UNKNOWN)
_EXTENDED, _CLOSED, _CLOSED_AFTERWARDS = 0.22, 0.55, 0.88  # the others expire, and nobody says what became of the pupil
_EARLY = 0.3  # of those closed in time, a month before their end
_REVIEWED, _PAUSED, _WITH_PARTNER = 0.6, 0.15, 0.4
_PLACED = {Scheme.TDO: 0.3, Scheme.AMBITION_EMPLOI: 0.8, Scheme.AVENIR_PRO_PLUS: 0.8}


@dataclass(frozen=True, slots=True)
class Step:
    """Something done about a parcours on a day: `path` after its address, and what is sent there."""

    on: date
    path: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """A parcours from its first day on, and everything people will do about it, in order."""

    scheme: Scheme
    starts_on: date
    ends_on: date
    why: Why
    steps: tuple[Step, ...]


def scheme_after_exam(starts_on: date) -> Scheme:
    """The scheme for who finished a cycle and starts on that day."""
    return Scheme.AVENIR_PRO_PLUS if starts_on >= AVENIR_PRO_PLUS_SINCE else Scheme.AMBITION_EMPLOI


def next_day_of_class(school_year: str, day: date) -> date | None:
    """The first day of class after `day`; None after the last."""
    return next((each for each in teaching_days(school_year) if each > day), None)


def make(school_year: str, today: date, scheme: Scheme, luck: Luck) -> Plan | None:
    """A plan for a parcours opened `today`, which starts on the next day of class; None when the year is over."""
    starts_on = next_day_of_class(school_year, today)
    lengths = _LENGTHS[scheme]
    if starts_on is None:
        return None
    ends = _ends(school_year, starts_on, *lengths, last_day=_limit(scheme, starts_on))
    if not ends:
        return None
    ends_on = pick(ends, luck("length"))
    life = _Life(school_year, scheme, today, starts_on, ends_on, luck)
    return Plan(scheme, starts_on, ends_on, pick(_WHYS, luck("why")), tuple(life.steps()))


def _limit(scheme: Scheme, starts_on: date) -> date:
    return date.max if scheme is Scheme.TDO else last_day_of(starts_on, _MONTHS)


def _ends(school_year: str, after: date, least: int, most: int, last_day: date) -> list[date]:
    """The usual last days, so many days after `after`."""
    desks = month_ends(school_year)
    usual = [day for day in desks if day.month in _END_MONTHS] + [desks[-1] + later for later in _SUMMER_ENDS]
    return [day for day in usual if least <= (day - after).days <= most and day <= last_day]


class _Life:
    def __init__(
        self, school_year: str, scheme: Scheme, today: date, starts_on: date, ends_on: date, luck: Luck
    ) -> None:
        self._school_year = school_year
        self._scheme = scheme
        self._today = today
        self._starts_on = starts_on
        self._ends_on = ends_on
        self._luck = luck
        self._desks = [day for day in month_ends(school_year) if day >= starts_on]

    def steps(self) -> Iterator[Step]:
        yield from self._at_the_opening()
        extension = self._extension()
        ends_on = extension[1] if extension else self._ends_on
        closed_on = self._closed_on(ends_on, extended=extension is not None)
        last = closed_on or date.max
        pause = self._pause(min(ends_on, last))
        for day in self._desks:
            if self._luck("review") < _REVIEWED and day <= ends_on and day < last:
                yield Step(day, "reviews", {"held_on": day.isoformat(), "why": Why.SCHOOL_DECIDED})
            if pause and day in pause:
                path = "suspend" if day == pause[0] else "resume"
                yield Step(day, path, {"since": day.isoformat(), "why": Why.HEALTH})
            if extension and day == extension[0]:
                yield Step(day, "extend", {"ends_on": ends_on.isoformat(), "why": Why.PUPIL_ASKED})
            if day == closed_on:
                outcome = pick(_TO_CLASS if self._scheme is Scheme.TDO else _TO_WORK, self._luck("outcome"))
                yield Step(day, "close", {"outcome": outcome, "closed_on": day.isoformat(), "why": Why.SCHOOL_DECIDED})

    def _at_the_opening(self) -> Iterator[Step]:
        if self._luck("convention") < _WITH_PARTNER:
            partner = pick(_PARTNERS, self._luck("partner"))
            signed = {"partner": partner, "signed_on": self._today.isoformat(), "since": self._starts_on.isoformat()}
            yield Step(self._today, "conventions", {**signed, "why": Why.PARTNER_ASKED})
        if self._luck("placement") < _PLACED[self._scheme]:
            first = self._starts_on + timedelta(14)
            first += timedelta(-first.weekday() % 7)  # a Monday
            last = first + timedelta(7 * pick((2, 3, 4), self._luck("weeks")) - 3)  # a Friday
            days = {"starts_on": first.isoformat(), "ends_on": last.isoformat()}
            yield Step(self._today, "placements", {**days, "why": Why.PUPIL_ASKED})

    def _extension(self) -> tuple[date, date] | None:
        """The day it is extended, and its new end."""
        before = [day for day in self._desks if day < self._ends_on]
        longer = _ends(self._school_year, self._ends_on, 1, 70, _limit(self._scheme, self._starts_on))
        if self._luck("fate") >= _EXTENDED or not before or not longer:
            return None
        return before[-1], pick(longer, self._luck("longer"))

    def _closed_on(self, ends_on: date, *, extended: bool) -> date | None:
        """The day somebody says what became of the pupil, if it comes within the school year."""
        fate = self._luck("fate after extension" if extended else "fate")
        if fate < _CLOSED:
            running = [day for day in self._desks if day <= ends_on]
            if not extended and self._luck("early") < _EARLY and len(running) > 1:
                return running[-2]
            return ends_on if ends_on in running else None
        late = [day for day in self._desks if day >= ends_on + _CLOSED_LATE]
        return late[0] if fate < _CLOSED_AFTERWARDS and late else None

    def _pause(self, until: date) -> tuple[date, date] | None:
        """The days it is suspended and resumed."""
        within = [day for day in self._desks if day < until]
        return (within[0], within[1]) if self._luck("pause") < _PAUSED and len(within) > 1 else None
