"""A file read again from its stored events is the file that was kept."""

from uuid import uuid4

import pytest

from chassis import events as stored
from contracts.alerts import CloseMotive
from services.alerts.domain import Attendance
from services.alerts.events import EvidenceChanged, Status
from tests.unit.alerts.given import NOW, PUPIL, attendances, fact, half_day, missed, with_partner


def read_again(file: Attendance) -> Attendance:
    again = Attendance(file.id)
    for recorded in file.collect():
        again.replay_stored(recorded.event.TOPIC, stored.encode(recorded.event))
    return again


def test_what_is_passed_over_makes_no_difference() -> None:
    (file,) = attendances(missed(11)).values()
    file.close(file.standing[1].id, CloseMotive.OTHER, "head", uuid4(), NOW)
    for number in range(8):
        file.note(PUPIL, fact(half_day(number), Status.JUSTIFIED, minute=30), NOW)
    file.note_partner_days(with_partner(7), NOW)
    assert sum(isinstance(event, EvidenceChanged) for event in file.pending) > 3
    again = read_again(file)
    for name in (*Attendance.__slots__, "version"):
        assert getattr(again, name) == getattr(file, name)


def test_a_form_nobody_knows_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        Attendance(uuid4()).replay_stored("alerts.Unheard.1", b"{}")
