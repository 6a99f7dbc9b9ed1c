"""One school year of absences, the same for everybody who is measured. Seeded; shaped by NAT-02 to NAT-05.

About 7.7 % of half-days are missed and a quarter of those have no excuse, very unevenly: most pupils
never reach 4 in a month, a few reach 10. Events come in the order of the calendar, so the pupils of an
académie interleave as they do in life. A smaller load is the first pupils of a larger one, whole years.
"""

import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from contracts.envelope import Envelope
from contracts.identifiers import UAI_LETTERS, HalfDay, Period
from contracts.school import AbsenceReported
from contracts.streams import subject_of
from tests.oracle import Fact
from tests.school_days import half_days

FIRST_DAY, LAST_DAY = date(2025, 9, 1), date(2026, 7, 3)
PUPILS_PER_SCHOOL = 500
# Chance of missing a half-day, by pupil: gamma laws (mean, shape), the smaller the shape the more uneven.
UNEXCUSED = (0.019, 0.15)
EXCUSED = (0.058, 1.5)
_JUSTIFIED, _PUPIL_SHIFT = 1, 1


class Absence(NamedTuple):
    """A half-day missed, as the SCHOOL stream will carry it."""

    id: str
    student: UUID
    uai: str
    day: date
    period: str
    justified: bool
    time: datetime

    @property
    def source(self) -> str:
        """The emitter: the software of this school."""
        return f"school:{self.uai}"

    @property
    def subject(self) -> str:
        """The NATS subject of this event."""
        return subject_of("school", self.student, AbsenceReported.FACT)

    def to_json(self) -> bytes:
        """The event exactly as `Envelope.to_json` writes it, ten times faster; a test compares them."""
        instant = self.time.isoformat()[:-6] + "Z"
        student = str(self.student)
        return (
            f'{{"specversion":"1.0","id":"{self.id}","source":"{self.source}","type":"{AbsenceReported.TYPE}",'
            f'"subject":"{student}","time":"{instant}","datacontenttype":"application/json",'
            f'"recordedtime":"{instant}","data":{{"student_id":"{student}","uai":"{self.uai}",'
            f'"half_day":{{"date":"{self.day}","period":"{self.period}"}},'
            f'"justified":{"true" if self.justified else "false"}}}}}'
        ).encode()

    def to_envelope(self) -> Envelope[AbsenceReported]:
        """The contract object."""
        return Envelope[AbsenceReported](
            id=self.id,
            source=self.source,
            type=AbsenceReported.TYPE,
            subject=str(self.student),
            time=self.time,
            recordedtime=self.time,
            data=AbsenceReported(
                student_id=self.student,
                uai=self.uai,
                half_day=HalfDay(date=self.day, period=Period(self.period)),
                justified=self.justified,
            ),
        )

    def to_fact(self) -> Fact:
        """What the oracle needs to know of it."""
        says: Literal["justified", "unjustified"] = "justified" if self.justified else "unjustified"
        return Fact(self.student, self.day, self.period, says, self.time, self.id, self.source)


def student_id(number: int) -> UUID:
    """The made-up pseudonymous id of pupil `number`."""
    return UUID(int=random.Random(f"pupil-{number}").getrandbits(128), version=4)


def uai_of(number: int) -> str:
    """The made-up school of pupil `number`, with its check letter."""
    digits = 310000 + number // PUPILS_PER_SCHOOL
    return f"{digits:07d}{UAI_LETTERS[digits % len(UAI_LETTERS)]}"


def instant_of(day: date, period: str, shift: int = 0) -> datetime:
    """When a school reports a half-day: at its end, `shift` seconds later."""
    return datetime.combine(day, time(10 if period == "MORNING" else 15), UTC) + timedelta(seconds=shift)


@dataclass
class Workload:
    """`events` absences drawn from `seed`; iterate over it as often as needed, it never differs."""

    events: int
    seed: int = 1

    def __post_init__(self) -> None:
        self._calendar = list(half_days(FIRST_DAY, LAST_DAY))
        self._missed = [array("Q") for _ in self._calendar]
        self.pupils = 0
        left = self.events
        while left > 0:
            left -= self._draw_pupil(self.pupils, left)
            self.pupils += 1

    def _draw_pupil(self, number: int, limit: int) -> int:
        """Draw a pupil's year, at most `limit` absences, and return how many there are."""
        rng = random.Random(f"{self.seed}-{number}")
        unexcused, excused = (min(0.9, rng.gammavariate(shape, mean / shape)) for mean, shape in (UNEXCUSED, EXCUSED))
        drawn = 0
        for bucket in self._missed:
            chance = rng.random()
            if drawn < limit and chance < unexcused + excused:
                bucket.append(number << _PUPIL_SHIFT | (chance >= unexcused))
                drawn += 1
        return drawn

    def __iter__(self) -> Iterator[Absence]:
        ids = [student_id(n) for n in range(self.pupils)]
        schools = [uai_of(n) for n in range(self.pupils)]
        written = 0
        for (day, period), bucket in zip(self._calendar, self._missed, strict=True):
            for shift, entry in enumerate(bucket):
                pupil = entry >> _PUPIL_SHIFT
                yield Absence(
                    f"absence-{self.seed}-{written}",
                    ids[pupil],
                    schools[pupil],
                    day,
                    period,
                    bool(entry & _JUSTIFIED),
                    instant_of(day, period, shift),
                )
                written += 1
