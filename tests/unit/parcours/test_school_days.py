"""A review is due on a day on which people meet: never in the holidays, at a weekend or on a public holiday."""

import tomllib
from datetime import date, timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from contracts.parcours import Scheme
from services.intake import calendar
from services.intake.calendar import SchoolCalendar
from services.parcours import rules
from services.parcours.domain import Parcours
from services.parcours.eligibility import Opening
from services.parcours.school_days import ZONES, SchoolDays
from tests.unit.parcours.given import AT_RISK, PARCOURS, REGULATION, act, day, of, on, open_parcours

SCHOOL_DAYS = REGULATION.school_days
INTAKE = SchoolCalendar(date(2023, 9, 1))
KNOWN = st.dates(date(2023, 9, 1), date(2028, 6, 30))


@pytest.mark.parametrize(
    ("starts", "ends", "due"),
    [
        ("08/09/2025", "31/12/2025", "08/10/2025"),  # a Wednesday, as it is
        ("11/09/2025", "31/12/2025", "13/10/2025"),  # a Saturday
        ("12/09/2025", "31/12/2025", "13/10/2025"),  # a Sunday
        ("12/10/2025", "31/12/2025", "12/11/2025"),  # the Armistice
        ("22/09/2025", "31/12/2025", "03/11/2025"),  # in the autumn holidays
        ("14/04/2026", "30/06/2026", "18/05/2026"),  # Ascension Day, then the bridge that is not in the data set
        ("24/11/2025", "31/01/2026", "05/01/2026"),  # in the Christmas holidays
        ("24/11/2025", "31/12/2025", "19/12/2025"),  # no class from then to the end: the last day before
        ("24/11/2025", "24/12/2025", "19/12/2025"),
        ("24/11/2025", "23/12/2025", None),  # it ends before a review would be due
        ("06/07/2026", "20/08/2026", None),  # in the summer, no day at all
        ("02/07/2026", "31/08/2026", None),  # but the day after it began: nothing to look back on yet
    ],
)
def test_the_first_review_is_due_on_a_day_of_class(starts: str, ends: str, due: str | None) -> None:
    parcours = open_parcours(starts, ends, Scheme.TDO)
    assert parcours.next_review_on == (day(due) if due else None)


def test_the_next_one_is_and_so_is_the_one_after_an_extension() -> None:
    parcours = open_parcours("06/10/2025", "04/11/2025", Scheme.TDO)
    assert parcours.next_review_on is None
    parcours.extend(day("31/01/2026"), REGULATION, act(on("03/11/2025")))
    assert parcours.next_review_on == day("04/12/2025")
    parcours.hold_review(day("24/11/2025"), REGULATION, act(on("24/11/2025")))
    assert parcours.next_review_on == day("05/01/2026")


def test_after_the_last_review_before_the_summer_none_is_due_three_days_later() -> None:
    parcours = open_parcours("01/06/2026", "20/08/2026", Scheme.TDO)
    parcours.hold_review(day("30/06/2026"), REGULATION, act(on("30/06/2026")))
    assert parcours.next_review_on is None


@given(starts=KNOWN, length=st.integers(0, 300))
def test_whenever_a_parcours_starts_its_review_is_due_in_it_and_on_a_day_of_class(starts: date, length: int) -> None:
    assume(starts >= date(2023, 9, 1))
    ends = starts + timedelta(length)
    parcours = Parcours(PARCOURS)
    parcours.open(of(Scheme.TDO), Opening(Scheme.TDO, starts, ends, AT_RISK), REGULATION, act(on(f"{starts:%d/%m/%Y}")))
    wanted, due = starts + timedelta(30), parcours.next_review_on
    if due is None:
        in_time = [starts + timedelta(number) for number in range(16, length + 1)]
        assert wanted > ends or not any(map(SCHOOL_DAYS.includes, in_time))
        return
    assert starts + timedelta(15) < due <= ends
    assert due.weekday() < 5
    assert INTAKE.objection(due, "C") is None
    later = [wanted + timedelta(number) for number in range((ends - wanted).days + 1)]
    assert due == next(filter(SCHOOL_DAYS.includes, later), due)
    assert due >= wanted or not any(map(SCHOOL_DAYS.includes, later))


@given(KNOWN, st.sampled_from(ZONES))
def test_what_is_a_day_of_class_for_absences_is_one_for_reviews_but_for_saturdays(each: date, zone: str) -> None:
    school_days = SchoolDays(zone, _closed(zone))
    assert school_days.includes(each) == (INTAKE.objection(each, zone) is None and each.weekday() != 5)


@given(st.dates(date(2029, 1, 1), date(2100, 1, 1)))
def test_beyond_the_data_no_weekend_and_no_public_holiday_is_a_day_of_class(each: date) -> None:
    if SCHOOL_DAYS.includes(each):
        assert each.weekday() < 5
        assert (each.month, each.day) not in {(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)}


def test_days_without_class_are_the_same_for_absences_and_for_reviews() -> None:
    """Two services say them, each in its own file: neither reads the other's."""
    ours = tomllib.loads(rules.FILE.read_text())
    for_absences = tomllib.loads(Path(calendar.__file__).with_name("calendar.toml").read_text())["closed"]
    of_the_zone = [each for each in for_absences if ours["zone"] in each["zones"]]
    assert [(each["from"], each["to"]) for each in ours["closed"]] == [
        (each["from"], each["to"]) for each in of_the_zone
    ]


def test_an_academie_that_names_no_zone_has_the_holidays_of_all(tmp_path: Path) -> None:
    """A file written before: in winter, zones have their holidays one after another."""
    before = rules.FILE.read_text().replace('zone = "C"', "")
    (tmp_path / "rules.toml").write_text(before)
    school_days = rules.load(tmp_path / "rules.toml").school_days
    assert not school_days.includes(day("24/12/2025"))
    assert school_days.includes(day("24/02/2026"))
    assert not SCHOOL_DAYS.includes(day("24/02/2026"))


def test_a_zone_that_does_not_exist_is_refused_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(rules.FILE.read_text().replace('zone = "C"', 'zone = "D"'))
    with pytest.raises(ValueError, match="zone"):
        rules.load(tmp_path / "rules.toml")


def _closed(zone: str) -> list[date]:
    periods = tomllib.loads(Path(calendar.__file__).with_name("calendar.toml").read_text())["closed"]
    return [
        each["from"] + timedelta(number)
        for each in periods
        if zone in each["zones"]
        for number in range((each["to"] - each["from"]).days + 1)
    ]
