"""What the regulation says of a set of facts, in ten lines that share nothing with the services.

Rules ABS-11, ABS-12, AMB-1 to AMB-3, AMB-7, AMB-10: about one half-day of a pupil the fact with the greatest
(time, id, source) wins; unjustified half-days are counted by pupil and calendar month, but for those the home
school reports on a day with a partner, by the latest revision; level 1 stands at 4, level 2 at 10.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

LEVELS = {1: 4, 2: 10}


class Fact(NamedTuple):
    """One thing a school said about one half-day of one pupil. `student` is anything that names a pupil."""

    student: UUID | str
    day: date
    period: str
    says: Literal["unjustified", "justified", "cancelled"]
    time: datetime
    id: str
    source: str
    school: str = ""


class PartnerDays(NamedTuple):
    """The days of one parcours with a partner; `school` is the pupil's own."""

    parcours: UUID | str
    student: UUID | str
    school: str
    revision: int
    days: frozenset[date]


class Standing(NamedTuple):
    """An alert that must stand: whose, for which month (YYYY-MM), at which level."""

    student: UUID | str
    month: str
    level: int


def standing_alerts(facts: Iterable[Fact], partner_days: Iterable[PartnerDays] = ()) -> dict[Standing, int]:
    """The alerts that stand once all this is known, in whatever order it came, with their half-days."""
    latest: dict[tuple[UUID | str, date, str], Fact] = {}
    for fact in facts:
        known = latest.setdefault((fact.student, fact.day, fact.period), fact)
        if (fact.time, fact.id, fact.source) > (known.time, known.id, known.source):
            latest[fact.student, fact.day, fact.period] = fact
    last = {each.parcours: each for each in sorted(partner_days, key=lambda each: each.revision)}
    away = {(each.student, each.school, day) for each in last.values() for day in each.days}
    missed = [f for f in latest.values() if f.says == "unjustified" and (f.student, f.school, f.day) not in away]
    counts = Counter((f.student, f"{f.day:%Y-%m}") for f in missed)
    reached = [(s, m, level, n) for (s, m), n in counts.items() for level, at in LEVELS.items() if n >= at]
    return {Standing(s, m, level): n for s, m, level, n in reached}
