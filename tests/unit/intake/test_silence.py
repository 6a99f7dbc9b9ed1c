"""A school is silent after so many whole days of class without a word, by the calendar of its zone."""

from datetime import UTC, date, datetime

import pytest

from contracts.directory import School, SchoolType
from services.intake.calendar import SchoolCalendar
from services.intake.silence import silent
from tests.unit.intake.given import UAI

CALENDAR = SchoolCalendar(date(2023, 9, 1))
THURSDAY = datetime(2025, 10, 9, 14, tzinfo=UTC)


def is_silent(last: datetime, today: date, *, zone: str = "C", after: int = 3) -> bool:
    school = School(uai=UAI, name="Lycée", type=SchoolType.LP, department="031", zone=zone)
    return silent({UAI: last}, [school], CALENDAR, today, after) == [UAI]


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2025, 10, 9), False),  # the same day
        (date(2025, 10, 13), False),  # Friday and Saturday have gone by, Sunday is no day of class
        (date(2025, 10, 14), True),  # and Monday too
    ],
)
def test_only_whole_days_of_class_count(today: date, expected: bool):
    assert is_silent(THURSDAY, today) is expected


def test_holidays_are_not_silence():
    last_day = datetime(2025, 10, 17, 14, tzinfo=UTC)
    assert not is_silent(last_day, date(2025, 11, 5))  # back from Toussaint on Monday 3
    assert is_silent(last_day, date(2025, 11, 6))


def test_each_zone_has_its_own_holidays():
    last_day = datetime(2026, 2, 6, 14, tzinfo=UTC)
    assert not is_silent(last_day, date(2026, 2, 13), zone="A")
    assert is_silent(last_day, date(2026, 2, 13), zone="C")


def test_the_day_is_the_one_in_france():
    late = datetime(2025, 10, 9, 22, 30, tzinfo=UTC)  # Friday in Paris
    assert not is_silent(late, date(2025, 10, 14))
    assert is_silent(late, date(2025, 10, 15))


def test_how_many_days_is_a_setting():
    assert is_silent(THURSDAY, date(2025, 10, 11), after=1)
    assert not is_silent(THURSDAY, date(2025, 10, 14), after=4)


def test_a_school_that_never_spoke_or_left_the_directory_is_not_silent():
    assert (
        silent({}, [School(uai=UAI, name="L", type=SchoolType.LP, department="031")], CALENDAR, THURSDAY.date(), 1)
        == []
    )
    assert silent({UAI: THURSDAY}, [], CALENDAR, date(2025, 11, 28), 1) == []
