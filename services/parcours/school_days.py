"""Which days are days of class, for those who meet then: not in holidays, on public holidays, at weekends.

Dates come from public data sets and from the rules, never from the code; beyond the end of the data sets, only
weekends and public holidays are known.
"""

from collections.abc import Iterable
from datetime import date
from functools import cache, lru_cache
from itertools import chain
from typing import Any

import holidays
from vacances_scolaires_france import SchoolHolidayDates

ZONES = ("A", "B", "C")
_SATURDAY = 5


class SchoolDays:
    """The days of class of an académie, which is in one zone (CAL-01); without it, holidays are those of all three."""

    def __init__(self, zone: str | None = None, closed: Iterable[date] = ()) -> None:
        zones = (zone,) if zone else ZONES
        if not set(zones) <= set(ZONES):
            raise ValueError("zone")
        self._closed = frozenset.intersection(*(_holidays(each) for each in zones)) | frozenset(closed)

    def includes(self, day: date) -> bool:
        """Whether there is class on that day. Some schools have some on Saturdays; nobody is expected to meet then."""
        return day.weekday() < _SATURDAY and day not in self._closed and day not in _public(day.year)

    def nearest(self, wanted: date, after: date, last: date) -> date | None:
        """The first day of class from `wanted` to `last`, else the last one before it and later than `after`."""
        numbers = chain(
            range(wanted.toordinal(), last.toordinal() + 1),
            range(min(wanted.toordinal() - 1, last.toordinal()), after.toordinal(), -1),
        )
        return next((day for day in map(date.fromordinal, numbers) if self.includes(day)), None)


@lru_cache(maxsize=64)
def _public(year: int) -> frozenset[date]:
    # A calendar for each year: one that is filled as it is asked is not safe between threads.
    return frozenset(holidays.country_holidays("FR", years=year))


@cache
def _holidays(zone: str) -> frozenset[date]:
    dates = SchoolHolidayDates()
    rows: dict[date, dict[str, Any]] = dates.data
    return frozenset(day for day, row in rows.items() if row[dates.zone_key(zone)])
