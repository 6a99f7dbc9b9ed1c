"""The directory, the sender's schools, the clock."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from chassis.clock import PARIS
from services.alerts.facts import FIRST_YEAR
from services.intake.calendar import SchoolCalendar
from services.intake.codes import Code
from services.intake.drafts import Draft
from services.intake.reading import read_one
from services.intake.rules import Rules
from services.intake.senders import Sender
from services.intake.settings import IntakeSettings
from services.intake.verdicts import Refusal
from tests.unit.intake.given import NOW, OTHER_UAI, SCHOOLS, UAI, absence, as_bytes, departure, enrolment, event

SETTINGS = IntakeSettings(nats_url="nats://none", database_url="postgresql://")
CALENDAR = SchoolCalendar(SETTINGS.first_day)


def objection(sent: dict[str, Any], sender: Sender | None = None, now: datetime = NOW) -> tuple[str, Code] | None:
    draft = read_one(as_bytes(sent))
    assert isinstance(draft, Draft)
    rules = Rules(CALENDAR, SCHOOLS, now, now.astimezone(PARIS).date())
    found = rules.objection(sender or Sender("vs"), draft)
    return (found.field, found.code) if found else None


def test_a_fact_that_respects_everything():
    for sent in (absence(), enrolment(), departure()):
        assert objection(sent) is None


def test_a_school_that_is_not_in_the_directory():
    assert objection(absence(uai="0319999A")) == ("data.uai", Code.UNKNOWN_SCHOOL)


def test_a_sender_speaks_only_for_its_schools():
    sender = Sender("vs", frozenset({OTHER_UAI}))
    assert objection(absence(uai=UAI), sender) == ("data.uai", Code.SCHOOL_NOT_ALLOWED)
    assert objection(absence(uai=OTHER_UAI), sender) is None


def test_an_absence_of_tomorrow():
    assert objection(absence(date="2025-11-17")) == ("data.date", Code.DATE_IN_FUTURE)


def test_today_is_the_day_in_paris():
    sent = absence(date="2025-10-07")
    assert objection(sent, now=datetime(2025, 10, 6, 21, 30, tzinfo=UTC)) == ("data.date", Code.DATE_IN_FUTURE)
    assert objection(sent, now=datetime(2025, 10, 6, 22, 30, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2025-10-12", Code.SUNDAY),
        ("2025-10-21", Code.SCHOOL_HOLIDAYS),
        ("2025-11-11", Code.PUBLIC_HOLIDAY),
        ("2025-08-18", Code.OUTSIDE_SCHOOL_YEAR),
        ("2019-10-07", Code.TOO_OLD),
    ],
)
def test_a_day_without_class(day: str, code: Code):
    assert objection(absence(date=day)) == ("data.date", code)


def test_the_time_of_a_fact_may_be_a_little_ahead_but_not_years():
    assert objection(event(time=(NOW + timedelta(hours=20)).isoformat())) is None
    assert objection(event(time="2031-01-01T00:00:00Z")) == ("time", Code.TIME_IN_FUTURE)


@pytest.mark.parametrize(
    ("sent", "field", "code"),
    [
        (departure(on="2025-11-15"), "data.on", Code.DATE_IN_FUTURE),
        (departure(on="2019-11-15"), "data.on", Code.TOO_OLD),
        (enrolment(birth_date="2025-11-15"), "data.birth_date", Code.DATE_IN_FUTURE),
        (enrolment(birth_date="1875-11-15"), "data.birth_date", Code.TOO_OLD),
        (enrolment(since="2027-09-01"), "data.since", Code.DATE_IN_FUTURE),
    ],
)
def test_days_of_enrolments_and_departures(sent: dict[str, Any], field: str, code: Code):
    assert objection(sent) == (field, code)


def test_an_enrolment_may_be_for_the_next_rentree():
    assert objection(enrolment(since="2026-09-01")) is None


def test_the_first_day_comes_from_the_settings():
    assert SETTINGS.first_day.isoformat() == "2023-09-01"
    later = IntakeSettings(nats_url="nats://none", database_url="postgresql://", oldest_school_year="2025-2026")
    assert SchoolCalendar(later.first_day).objection(NOW.date() - timedelta(days=365), "C") is Code.TOO_OLD


def test_no_year_from_before_the_circular_is_a_setting():
    """Files of alerts begin with it: an erasure would not find older ones."""
    with pytest.raises(ValidationError, match="in force from 2023-2024 on"):
        IntakeSettings(nats_url="nats://none", database_url="postgresql://", oldest_school_year="2022-2023")
    assert SETTINGS.first_day >= date(FIRST_YEAR, 1, 1)


def test_a_birth_long_ago_is_not_told_of_as_a_day_of_school():
    told = Refusal("data.birth_date", Code.TOO_OLD)
    assert "birth date" in told.reason
    assert "naissance" in Code.TOO_OLD.reason_about("date_naissance").fr
    assert Refusal("data.date", Code.TOO_OLD).reason == Code.TOO_OLD.reason.en
