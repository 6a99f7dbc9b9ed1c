"""The half-days on which pupils of an académie have class in one school year."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache

import holidays
from vacances_scolaires_france import SchoolHolidayDates

from contracts.identifiers import HalfDay, Period

ZONE = "C"  # Créteil, Montpellier, Paris, Toulouse, Versailles (CAL-01)
WEDNESDAY, SATURDAY = 2, 5
_SUMMER = "Vacances d'été"


@cache
def teaching_days(school_year: str) -> tuple[date, ...]:
    """Days of class of a school year, in order: no week-end, no holiday, no Ascension bridge (CAL-03)."""
    first = int(school_year[:4])
    breaks = SchoolHolidayDates()
    closed = {
        day: row["nom_vacances"]
        for year in (first, first + 1)
        for day, row in breaks.holidays_for_year_and_zone(year, ZONE).items()
    }
    public = holidays.country_holidays("FR", years=(first, first + 1))
    bridges = {day + timedelta(days=1) for day, name in public.items() if "Ascension" in name}
    start = max(day for day, name in closed.items() if name == _SUMMER and day.year == first)
    end = min(day for day, name in closed.items() if name == _SUMMER and day.year == first + 1)
    days = (start + timedelta(days=n) for n in range(1, (end - start).days))
    return tuple(
        day
        for day in days
        if day.weekday() < SATURDAY and day not in closed and day not in public and day not in bridges
    )


@cache
def month_ends(school_year: str) -> tuple[date, ...]:
    """The last day of class of each month of a school year, in order."""
    return tuple({(day.year, day.month): day for day in teaching_days(school_year)}.values())


@cache
def teaching_half_days(school_year: str) -> tuple[HalfDay, ...]:
    """Half-days of class, in order; secondary schools are closed on Wednesday afternoon."""
    return tuple(
        HalfDay(date=day, period=period)
        for day in teaching_days(school_year)
        for period in (Period.MORNING, Period.AFTERNOON)
        if (day.weekday(), period) != (WEDNESDAY, Period.AFTERNOON)
    )


def by_month(half_days: Sequence[HalfDay]) -> dict[int, list[HalfDay]]:
    """The half-days of each calendar month (1 to 12), in the order of the school year."""
    months: dict[int, list[HalfDay]] = {}
    for half_day in half_days:
        months.setdefault(half_day.date.month, []).append(half_day)
    return months
