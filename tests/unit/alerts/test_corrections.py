"""AMB-7: late justifications, cancellations and re-reports; facts older than what is known are ignored."""

from uuid import uuid4

import pytest

from contracts.alerts import AlertState, CloseMotive
from services.alerts.events import Approached, EvidenceChanged, FactNoted, Lifted, Raised, StandingLapsed, Status, Why
from tests.unit.alerts.given import NOW, PUPIL, attendance, fact, half_day, missed, then


@pytest.mark.parametrize(("correction", "why"), [(Status.JUSTIFIED, Why.JUSTIFIED), (Status.CANCELLED, Why.CANCELLED)])
def test_a_late_correction_lifts_the_alert_with_its_cause(correction: Status, why: Why) -> None:  # T4
    file = attendance(missed(4))
    alert = file.standing[1]
    file.note(PUPIL, fact(half_day(1), correction, minute=30), NOW)
    lifted, _ = then(file, FactNoted)
    assert isinstance(lifted, Lifted)
    assert (lifted.alert_id, lifted.why, len(lifted.tally.counted)) == (alert.id, why, 3)
    assert file.alerts[alert.id].state is AlertState.LIFTED


def test_whoever_is_still_near_when_an_alert_is_lifted_is_warned_of_anew_with_what_counts_now() -> None:
    file = attendance(missed(4))
    file.note(PUPIL, fact(half_day(1), Status.JUSTIFIED, minute=30), NOW)
    _, near = then(file, FactNoted)
    assert isinstance(near, Approached)
    assert [each.slot for each in near.tally.counted] == [half_day(n) for n in (0, 2, 3)]
    file.pending = []
    file.note(PUPIL, fact(half_day(2), Status.JUSTIFIED, minute=30), NOW)
    assert then(file, FactNoted) == []
    file.note(PUPIL, missed(1, first=4)[0], NOW)
    assert [type(event) for event in then(file, FactNoted)] == [Approached]


def test_a_later_report_raises_again_as_another_alert() -> None:
    file = attendance([*missed(4), fact(half_day(1), Status.JUSTIFIED, minute=30)])
    first = next(iter(file.alerts))
    file.note(PUPIL, fact(half_day(1), minute=60), NOW)
    (raised,) = then(file, FactNoted)
    assert isinstance(raised, Raised)
    assert raised.alert_id != first
    assert file.alerts[first].state is AlertState.LIFTED


def test_a_correction_that_leaves_the_count_at_the_threshold_lifts_nothing() -> None:
    file = attendance(missed(5))
    file.note(PUPIL, fact(half_day(1), Status.JUSTIFIED, minute=30), NOW)
    (changed,) = then(file, FactNoted)
    assert isinstance(changed, EvidenceChanged)
    assert [each.slot for each in changed.tally.left_out] == [half_day(1)]


def test_falling_below_10_lifts_level_2_and_keeps_level_1() -> None:
    file = attendance(missed(10))
    file.note(PUPIL, fact(half_day(0), Status.JUSTIFIED, minute=30), NOW)
    lifted, near, changed = then(file, FactNoted)
    assert isinstance(lifted, Lifted)
    assert isinstance(near, Approached)
    assert (lifted.level, near.level) == (2, 2)
    assert isinstance(changed, EvidenceChanged)
    assert list(file.standing) == [1]


def test_the_same_fact_again_is_ignored() -> None:
    file = attendance(missed(4))
    for each in missed(4):
        file.note(PUPIL, each, NOW)
    assert then(file) == []


def test_a_fact_older_than_what_is_known_is_ignored() -> None:
    file = attendance([fact(half_day(0), Status.JUSTIFIED, minute=30)])
    file.note(PUPIL, fact(half_day(0), minute=10), NOW)
    assert then(file) == []


def test_of_two_facts_of_the_same_time_the_greater_id_wins() -> None:
    for ids in (("a", "b"), ("b", "a")):
        file = attendance()
        says = {"a": Status.UNJUSTIFIED, "b": Status.CANCELLED}
        for each in ids:
            file.note(PUPIL, fact(half_day(0), says[each], fact_id=each), NOW)
        assert file.half_days[half_day(0)].status is Status.CANCELLED


def test_an_alert_that_people_closed_stays_closed_when_the_count_falls() -> None:
    file = attendance(missed(4))
    alert = file.standing[1]
    file.close(alert.id, CloseMotive.OTHER, "head", uuid4(), NOW)
    file.pending = []
    file.note(PUPIL, fact(half_day(1), Status.JUSTIFIED, minute=30), NOW)
    lapsed, near, changed = then(file, FactNoted)
    assert isinstance(lapsed, StandingLapsed)
    assert isinstance(near, Approached)  # one more half-day would raise another
    assert isinstance(changed, EvidenceChanged)
    assert changed.alert_ids == [alert.id]
    assert (len(changed.tally.counted), [left.slot for left in changed.tally.left_out]) == (3, [half_day(1)])
    assert file.alerts[alert.id].state is AlertState.CLOSED
    file.pending = []
    file.note(PUPIL, fact(half_day(2), Status.JUSTIFIED, minute=30), NOW)
    assert then(file, FactNoted) == []


def test_a_count_that_falls_and_rises_again_after_an_alert_was_closed_raises_another_the_same_month() -> None:
    file = attendance(missed(4))
    first = file.standing[1].id
    file.close(first, CloseMotive.OTHER, "head", uuid4(), NOW)
    file.note(PUPIL, fact(half_day(1), Status.JUSTIFIED, minute=30), NOW)
    file.note(PUPIL, fact(half_day(1), minute=60), NOW)
    assert file.standing[1].id != first
    assert file.alerts[first].state is AlertState.CLOSED


def test_a_closed_alert_is_not_raised_again_by_further_absences() -> None:
    file = attendance(missed(4))
    file.close(file.standing[1].id, CloseMotive.OTHER, "head", uuid4(), NOW)
    file.pending = []
    file.note(PUPIL, missed(1, first=4)[0], NOW)
    assert [type(event) for event in then(file, FactNoted)] == [EvidenceChanged]


def test_nothing_is_noted_about_an_erased_pupil() -> None:
    file = attendance(missed(3))
    file.forget(NOW)
    file.pending = []
    file.note(PUPIL, missed(1, first=3)[0], NOW)
    file.forget(NOW)
    assert then(file) == []
