"""The half-days on which pupils of zone C are expected at school, from the public calendars."""

from collections.abc import Iterator
from datetime import date, timedelta

import holidays
from vacances_scolaires_france import SchoolHolidayDates

PERIODS = ("MORNING", "AFTERNOON")
WEDNESDAY, SATURDAY = 2, 5
# What the data set of school holidays leaves out (rules CAL-02 to CAL-04).
BRIDGES = frozenset({date(2024, 5, 10), date(2025, 5, 30), date(2026, 5, 15)})


def half_days(first: date, last: date) -> Iterator[tuple[date, str]]:
    """Each half-day of school from `first` to `last` included, in order; no lessons on Wednesday afternoon."""
    public = holidays.country_holidays("FR", years=range(first.year, last.year + 1))
    breaks = SchoolHolidayDates()
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if day.weekday() >= SATURDAY or day in public or day in BRIDGES or breaks.is_holiday_for_zone(day, "C"):
            continue
        for period in PERIODS[: 1 if day.weekday() == WEDNESDAY else 2]:
            yield day, period
