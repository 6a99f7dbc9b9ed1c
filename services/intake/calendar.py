"""On which days pupils can have class: holidays by zone (rules CAL-01 to CAL-04), public holidays, Sundays.

Saturday is a day of class like others. Dates come from two public data sets, never from the code; beyond
their end only Sundays and public holidays are known, and the rest is let through.
"""

import tomllib
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import cast

import holidays
from vacances_scolaires_france import SchoolHolidayDates

from chassis.logs import Log
from services.intake.codes import Code

log = Log("intake.calendar")

_EXTRA = Path(__file__).with_name("calendar.toml")
_SUMMER = "Vacances d'été"
_SUNDAY = 6
ZONES = ("A", "B", "C")


class SchoolCalendar:
    """Why a day has no class, for each zone."""

    def __init__(self, first_day: date) -> None:
        self.first_day = first_day
        self._closed = _closed_days()
        self.known_until = max(max(days) for days in self._closed.values())
        self._public = holidays.country_holidays("FR")
        self._known: dict[tuple[date, str], Code | None] = {}
        self._warned = False

    def objection(self, day: date, zone: str) -> Code | None:
        """Why a pupil of this zone cannot have missed class on `day`; None if it can be."""
        try:
            return self._known[day, zone]
        except KeyError:
            if day > self.known_until and not self._warned:
                self._warned = True
                log.warning("calendar.beyond_data", known_until=self.known_until.isoformat())
            return self._known.setdefault((day, zone), self._objection(day, zone))

    def _objection(self, day: date, zone: str) -> Code | None:
        if day < self.first_day:
            return Code.TOO_OLD
        if day.weekday() == _SUNDAY:
            return Code.SUNDAY
        if closed := self._closed[zone].get(day):
            return closed
        return Code.PUBLIC_HOLIDAY if day in self._public else None


@cache
def _closed_days() -> dict[str, dict[date, Code]]:
    """Every day of holidays the data sets hold, with what kind it is, by zone."""
    dates = SchoolHolidayDates()
    return {
        zone: {
            day: Code.OUTSIDE_SCHOOL_YEAR if row["nom_vacances"] == _SUMMER else Code.SCHOOL_HOLIDAYS
            for day, row in dates.data.items()
            if row[dates.zone_key(zone)]
        }
        | dict.fromkeys(_extra_days(zone), Code.SCHOOL_HOLIDAYS)
        for zone in ZONES
    }


def _extra_days(zone: str) -> Iterable[date]:
    for period in tomllib.loads(_EXTRA.read_text())["closed"]:
        if zone in period["zones"]:
            first, last = cast(date, period["from"]), cast(date, period["to"])
            yield from (first + timedelta(days=n) for n in range((last - first).days + 1))
