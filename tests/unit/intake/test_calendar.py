"""On which days an absence can be: rules CAL-01 to CAL-04."""

import logging
from datetime import date, timedelta

import holidays
import pytest

from services.intake.calendar import ZONES, SchoolCalendar
from services.intake.codes import Code

CALENDAR = SchoolCalendar(date(2023, 9, 1))


@pytest.mark.parametrize(
    ("day", "zone"),
    [
        (date(2025, 9, 1), "C"),  # la rentrée (CAL-03)
        (date(2025, 10, 6), "C"),
        (date(2025, 10, 11), "C"),  # a Saturday
        (date(2025, 10, 17), "C"),
        (date(2025, 11, 3), "C"),  # back from Toussaint
        (date(2026, 2, 20), "C"),
        (date(2026, 2, 9), "C"),  # zone A is on holiday, not C
        (date(2026, 7, 3), "C"),
    ],
)
def test_a_day_of_class(day: date, zone: str):
    assert CALENDAR.objection(day, zone) is None


@pytest.mark.parametrize(
    ("day", "zone", "code"),
    [
        (date(2025, 10, 12), "C", Code.SUNDAY),
        (date(2025, 10, 20), "C", Code.SCHOOL_HOLIDAYS),  # Toussaint, CAL-03
        (date(2025, 12, 24), "C", Code.SCHOOL_HOLIDAYS),
        (date(2026, 2, 9), "A", Code.SCHOOL_HOLIDAYS),
        (date(2026, 2, 23), "C", Code.SCHOOL_HOLIDAYS),
        (date(2026, 5, 15), "C", Code.SCHOOL_HOLIDAYS),  # no class on the bridge of the Ascension, CAL-03
        (date(2024, 5, 10), "C", Code.SCHOOL_HOLIDAYS),  # CAL-02
        (date(2025, 11, 11), "C", Code.PUBLIC_HOLIDAY),
        (date(2026, 5, 14), "B", Code.PUBLIC_HOLIDAY),
        (date(2026, 4, 6), "C", Code.PUBLIC_HOLIDAY),  # Easter Monday
        (date(2025, 8, 20), "C", Code.OUTSIDE_SCHOOL_YEAR),
        (date(2026, 7, 4), "C", Code.OUTSIDE_SCHOOL_YEAR),
        (date(2023, 6, 12), "C", Code.TOO_OLD),
    ],
)
def test_a_day_without_class(day: date, zone: str, code: Code):
    assert CALENDAR.objection(day, zone) is code


@pytest.mark.parametrize("zone", ZONES)
def test_the_friday_and_the_saturday_after_ascension_are_closed_in_every_known_year(zone: str):
    public = holidays.country_holidays("FR", years=range(2024, CALENDAR.known_until.year + 1))
    ascensions = [day for day, name in public.items() if "Ascension" in name]
    assert len(ascensions) >= 5
    bridges = [day + timedelta(days=after) for day in ascensions for after in (1, 2)]
    assert [day for day in bridges if CALENDAR.objection(day, zone) is None] == []


def test_beyond_the_data_a_day_is_taken_and_operators_are_told_once(caplog: pytest.LogCaptureFixture):
    calendar = SchoolCalendar(date(2023, 9, 1))
    caplog.set_level(logging.WARNING, "perseverance")
    assert calendar.objection(date(2031, 10, 6), "C") is None
    assert calendar.objection(date(2031, 10, 7), "C") is None
    assert calendar.objection(date(2031, 10, 5), "C") is Code.SUNDAY
    assert [record.message for record in caplog.records] == ["calendar.beyond_data"]
