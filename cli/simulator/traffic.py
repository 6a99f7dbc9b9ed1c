"""A school year as it arrives: day by day, late, twice, out of order, sometimes wrong. Same seed, same year."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from cli.simulator.absences import Spell, month_of_absences
from cli.simulator.academy import Academy, SimPupil, SimSchool
from cli.simulator.calendar import by_month, teaching_days, teaching_half_days
from cli.simulator.events import PARIS, ROLL_CALL_LASTS_MIN, SchoolDesk, SimEvent, roll_call
from cli.simulator.mishaps import FLAWS, spoil
from contracts.identifiers import HalfDay
from contracts.school import ReasonCategory

EXCUSED_LATER = 0.18  # spells first reported without a reason
_VERY_LATE = 0.10  # of those, excused only 10 to 25 days of class afterwards
_REPORTED_LATE = 0.03  # half-days that reach us 1 to 5 days of class late
_SENT_TWICE = 0.01
_ENTRY_ERRORS = 0.02  # pupils marked absent by mistake once in a month
_FLAWED = 0.002
OFFICE_CLOSES = time(18, 30)


@dataclass(frozen=True, slots=True)
class SimDay:
    """What the schools send on one day of class; everything in it happened before `closes`."""

    date: date
    by_school: dict[str, list[SimEvent]]

    @property
    def closes(self) -> datetime:
        """The end of the day, when all of it has happened."""
        return datetime.combine(self.date, OFFICE_CLOSES, PARIS)

    def __len__(self) -> int:
        return sum(len(events) for events in self.by_school.values())


def school_year(academy: Academy) -> Iterator[SimDay]:
    """Every day of class of the académie's year, in order, with what is sent on it."""
    return _Year(academy).play()


class _Year:
    def __init__(self, academy: Academy) -> None:
        self.academy = academy
        self.days = teaching_days(academy.school_year)
        self.place = {day: number for number, day in enumerate(self.days)}
        self.desks = {school.uai: SchoolDesk(school.uai) for school in academy.schools}
        self.schools = {school.uai: school for school in academy.schools}
        self.outbox: defaultdict[int, dict[str, list[SimEvent]]] = defaultdict(dict)
        self.present = {uai: list(pupils) for uai, pupils in academy.pupils.items()}

    def play(self) -> Iterator[SimDay]:
        self._enrol_all()
        months = by_month(teaching_half_days(self.academy.school_year))
        for month, half_days in months.items():
            first, last = self.place[half_days[0].date], self.place[half_days[-1].date]
            self._move_pupils(month, first)
            for school in self.academy.schools:
                rng = random.Random(f"{self.academy.seed}/traffic/{school.uai}/{month}")  # noqa: S311
                for pupil in self.present[school.uai]:
                    self._month(pupil, school, half_days, rng)
            self._strike_off_before(month % 12 + 1, last)
            for number in range(first, last + 1):
                yield SimDay(self.days[number], self.outbox.pop(number, {}))

    def _enrol_all(self) -> None:
        opening = datetime.combine(self.days[0], time(8, 0), PARIS)
        for uai, pupils in self.academy.pupils.items():
            for pupil in pupils:
                self._send(0, self.desks[uai].enrol(pupil, opening, self.days[0]))

    def _move_pupils(self, month: int, first: int) -> None:
        for uai, pupils in self.academy.pupils.items():
            for pupil in pupils:
                if pupil.moves_to and pupil.moves_in == month:
                    came = datetime.combine(self.days[first], time(8, 0), PARIS)
                    self._send(first, self.desks[pupil.moves_to].enrol(pupil, came, came.date()))
                    self.present[uai].remove(pupil)
                    self.present[pupil.moves_to].append(pupil)

    def _strike_off_before(self, month: int, last: int) -> None:
        for uai, pupils in self.academy.pupils.items():
            for pupil in pupils:
                if pupil.moves_to and pupil.moves_in == month:
                    left = datetime.combine(self.days[last], time(17, 0), PARIS)
                    self._send(last, self.desks[uai].strike_off(pupil, left))

    def _month(self, pupil: SimPupil, school: SimSchool, half_days: list[HalfDay], rng: random.Random) -> None:
        desk = self.desks[school.uai]
        spells = month_of_absences(pupil, school, half_days, rng)
        for spell in spells:
            later = spell.category is not None and rng.random() < EXCUSED_LATER
            for half_day in spell.half_days:
                self._report(desk, pupil.ine, half_day, None if later else spell.category, rng)
            if later and spell.category:
                self._excuse(desk, pupil.ine, spell, spell.category, rng)
        if rng.random() < _ENTRY_ERRORS:
            missed = {half_day for spell in spells for half_day in spell.half_days}
            self._mistake(desk, pupil.ine, rng.choice(half_days), missed, rng)

    def _report(
        self,
        desk: SchoolDesk,
        ine: str,
        half_day: HalfDay,
        category: ReasonCategory | None,
        rng: random.Random,
    ) -> None:
        event = desk.report(ine, half_day, roll_call(half_day, rng.randrange(ROLL_CALL_LASTS_MIN)), category)
        day = self.place[half_day.date]
        if rng.random() < _REPORTED_LATE:
            day += rng.randint(1, 5)
        self._send(day, event)
        if rng.random() < _SENT_TWICE:
            self._send(day + rng.randint(0, 1), event)
        if rng.random() < _FLAWED:
            self._send(day, spoil(event, rng.choice(FLAWS), desk.number()))

    def _excuse(self, desk: SchoolDesk, ine: str, spell: Spell, category: ReasonCategory, rng: random.Random) -> None:
        delay = rng.randint(10, 25) if rng.random() < _VERY_LATE else rng.randint(1, 6)
        day = min(len(self.days) - 1, self.place[spell.half_days[-1].date] + delay)
        at = datetime.combine(self.days[day], time(17, rng.randrange(60)), PARIS)
        for half_day in spell.half_days:
            self._send(day, desk.justify(ine, half_day, at, category))

    def _mistake(self, desk: SchoolDesk, ine: str, half_day: HalfDay, missed: set[HalfDay], rng: random.Random) -> None:
        if half_day in missed:
            return
        self._report(desk, ine, half_day, None, rng)
        day = min(len(self.days) - 1, self.place[half_day.date] + 1)
        self._send(day, desk.cancel(ine, half_day, datetime.combine(self.days[day], time(17, 30), PARIS)))

    def _send(self, day: int, event: SimEvent) -> None:
        """Put an event in the post of a day; what would come after the last day comes on it."""
        self.outbox[min(day, len(self.days) - 1)].setdefault(event.uai, []).append(event)
