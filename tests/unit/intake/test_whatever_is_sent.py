"""Whatever a sender writes, through whichever door, is a draft or a refusal: nothing of it makes the door fail."""

import json
from datetime import date, datetime, timedelta, timezone
from typing import Any, cast

from hypothesis import example, given
from hypothesis import strategies as st

from chassis.messages import Message
from contracts.incoming import EnrolStudent
from services.intake.application import Intake
from services.intake.csv_rows import ABSENCES, STUDENTS
from services.intake.drafts import Draft
from services.intake.raw_reader import RawHandler
from services.intake.reading import read_one
from services.intake.rules import Rules
from services.intake.senders import Sender
from services.intake.verdicts import Refusal
from tests.unit.intake.given import NOW, SCHOOLS, absence, as_bytes, departure, enrolment, event
from tests.unit.intake.test_csv_rows import ABSENCE, STUDENT
from tests.unit.intake.test_rules import CALENDAR

LAST = "9999-12-31T23:59:59-12:00"
FIRST = "0001-01-01T00:00:00+14:00"
_ENDS = st.sampled_from([datetime.min, datetime.max])  # noqa: DTZ901  (the offset is drawn apart)
_OFFSETS = st.integers(-86_399, 86_399).map(lambda seconds: timezone(timedelta(seconds=seconds)))
MOMENTS = st.builds(lambda at, offset: at.replace(tzinfo=offset).isoformat(), st.datetimes() | _ENDS, _OFFSETS)
DAYS = (st.dates() | st.sampled_from([date.min, date.max])).map(date.isoformat)
WRITTEN = st.text("0123456789-+:/.TZhH à", max_size=30)
EVENT = as_bytes(event(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
PARTS = st.sampled_from(
    [LAST.encode(), b"9" * 5000, b"1e400", b"NaN", b"null", b"[]", b"{}", b'"', b",", b'"\\ud800"', b'"\\u0000"']
)
EDITS = st.lists(st.tuples(st.integers(0, len(EVENT)), st.integers(0, 40), PARTS | st.binary(max_size=6)), max_size=4)


def judged(read: object) -> None:
    """It is a draft, of which the rules have their opinion, or a refusal."""
    assert isinstance(read, Draft | Refusal)
    if isinstance(read, Draft):
        assert isinstance(Rules(CALENDAR, SCHOOLS, NOW, NOW.date()).objection(Sender("vs"), read), Refusal | None)


@given(MOMENTS | DAYS | WRITTEN)
@example(LAST)
@example(FIRST)
@example("2025-10-06T10:05:00+02:00:30")
def test_any_moment_and_any_day_of_an_event(written: str):
    sent = [event(time=written), absence(date=written), departure(on=written)]
    for each in (*sent, enrolment(birth_date=written, since=written), event(kind=EnrolStudent, time=written)):
        judged(read_one(json.dumps(each).encode()))


@given(MOMENTS | DAYS | WRITTEN)
@example(LAST)
@example(FIRST)
@example("31/12/9999 23:59:59")
@example("01/01/0001 00h00")
def test_any_moment_and_any_day_of_a_row(written: str):
    for values in (ABSENCE | {"maj": written}, ABSENCE | {"date": written}):
        judged(ABSENCES.draft(values))
    for values in (STUDENT | {"maj": written}, STUDENT | {"date_naissance": written}):
        judged(STUDENTS.draft(values))


@given(EDITS, st.binary(max_size=100))
@example([(EVENT.index(b"2025-10-06T"), 25, LAST.encode())], b"")
def test_any_bytes_of_a_message(edits: list[tuple[int, int, bytes]], other: bytes):
    raw = bytearray(EVENT)
    for at, length, instead in edits:
        raw[at : at + length] = instead
    handler = RawHandler(cast(Any, Intake))
    for data in (bytes(raw), other):
        name, read = handler.decode(Message(1, 1, "intake.raw.vs", data))
        assert name == "vs"
        assert isinstance(read, Draft | Refusal)
