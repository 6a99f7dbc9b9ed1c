"""A parcours opened from an alert answers it."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from contracts.alerts import AlertState, CloseMotive
from services.alerts.domain import Attendance
from services.alerts.events import Closed
from services.alerts.facts import OpeningSaid, attendance_id
from services.alerts.openings import for_each_file
from services.alerts.wire import AboutOpening, ParcoursOpened
from tests.unit.alerts.given import NOW, OTHER_SCHOOL, PUPIL, attendance, fact, half_day, missed, then

COMMAND, CORRELATION = uuid4(), uuid4()


def opened(alert_id: UUID | None, time: datetime = NOW) -> AboutOpening:
    return AboutOpening("parcours.1", time, ParcoursOpened(PUPIL, "coordinator", COMMAND, alert_id), CORRELATION)


def said_to(file: Attendance, alert_id: UUID) -> OpeningSaid:
    (said,) = [each for each in for_each_file(opened(alert_id)) if each.file_id == file.id]
    return said


@pytest.mark.parametrize("level", [1, 2])
def test_every_open_alert_of_the_month_is_closed_by_whoever_opened_it(level: int) -> None:
    file = attendance(missed(10))
    file.answer(said_to(file, file.standing[level].id), NOW)
    closed = then(file)
    for event in closed:
        assert isinstance(event, Closed)
        assert (event.by, event.motive) == ("coordinator", CloseMotive.PARCOURS_OPENED)
        assert (event.command_id, event.cause, event.correlation) == (COMMAND, "parcours.1", CORRELATION)
    assert {each.id for each in file.alerts.values()} == {event.alert_id for event in closed}  # type: ignore[attr-defined]


@pytest.mark.parametrize("level", [1, 2])
def test_the_alert_of_another_school_is_another_matter(level: int) -> None:  # AMB-11
    file = attendance([*missed(9), fact(half_day(9), uai=OTHER_SCHOOL)])
    file.answer(said_to(file, file.standing[level].id), NOW)
    assert [event.alert_id for event in then(file)] == [file.standing[level].id]  # type: ignore[attr-defined]
    assert file.standing[3 - level].state is AlertState.RAISED


def test_heard_twice_it_closes_once() -> None:
    file = attendance(missed(4))
    for _ in range(2):
        file.answer(said_to(file, file.standing[1].id), NOW)
    assert len(then(file)) == 1


def test_what_people_closed_before_keeps_their_motive() -> None:
    file = attendance(missed(4))
    file.close(file.standing[1].id, CloseMotive.REFERRED, "head", uuid4(), NOW)
    file.pending = []
    file.answer(said_to(file, file.standing[1].id), NOW)
    assert then(file) == []


def test_another_month_s_alert_is_left_alone() -> None:
    file = attendance(missed(4))
    file.answer(said_to(file, uuid4()), NOW)
    assert then(file) == []
    assert file.standing[1].state is AlertState.RAISED


def test_an_erased_pupil_has_no_alert_to_answer() -> None:
    file = attendance(missed(4))
    said = said_to(file, file.standing[1].id)
    file.forget(NOW)
    file.pending = []
    file.answer(said, NOW)
    assert then(file) == []


def test_the_alert_may_be_two_years_old() -> None:
    files = [each.file_id for each in for_each_file(opened(uuid4(), datetime(2026, 1, 5, tzinfo=UTC)))]
    assert len(files) == len(set(files)) == 25
    assert (files[0], files[-1]) == (attendance_id(PUPIL, "2024-01"), attendance_id(PUPIL, "2026-01"))


def test_a_parcours_that_came_of_no_alert_answers_none() -> None:
    assert for_each_file(opened(None)) == []
