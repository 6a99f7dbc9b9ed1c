"""ABS-11 and ABS-12: when an alert is raised, and what it says. T-numbers are the rule book's vectors."""

from datetime import date

import pytest

from services.alerts.events import Approached, EvidenceChanged, FactNoted, Raised, Slot, Status, Why
from services.alerts.rules import rules_on
from tests.unit.alerts.given import (
    MONDAY,
    NOW,
    OTHER_SCHOOL,
    PUPIL,
    SCHOOL,
    attendance,
    attendances,
    fact,
    half_day,
    missed,
    then,
)


def test_three_half_days_only_warn_that_level_1_is_near() -> None:  # T1
    file = attendance(missed(2))
    file.note(PUPIL, missed(1, first=2)[0], NOW)
    noted, near = then(file)
    assert isinstance(noted, FactNoted)
    assert isinstance(near, Approached)
    assert (near.level, near.month, len(near.tally.counted)) == (1, "2025-10", 3)


def test_the_fourth_half_day_raises_level_1_once_dated_at_the_fourth() -> None:  # T2
    file = attendance(missed(3))
    file.note(PUPIL, missed(1, first=3)[0], NOW)
    (raised,) = then(file, FactNoted)
    assert isinstance(raised, Raised)
    assert (raised.level, raised.reached_on, raised.uai) == (1, half_day(3), SCHOOL)
    assert raised.rule.id == "ABS-11"
    assert [each.slot for each in raised.tally.counted] == [half_day(n) for n in range(4)]


def test_the_fourth_in_calendar_order_dates_the_alert_even_when_it_came_first() -> None:
    late_first = [fact(half_day(n)) for n in (3, 0, 1, 2)]
    file = attendance(late_first[:3])
    file.note(PUPIL, late_first[3], NOW)
    (raised,) = then(file, FactNoted)
    assert isinstance(raised, Raised)
    assert raised.reached_on == half_day(3)


def test_half_days_of_two_months_are_not_added() -> None:  # T3
    days = [date(2025, 9, 29), date(2025, 9, 30), date(2025, 10, 1), date(2025, 10, 2)]
    files = attendances(fact(Slot(day, afternoon=False)) for day in days)
    assert [(month, file.count, file.standing) for month, file in files.items()] == [
        ("2025-09", 2, {}),
        ("2025-10", 2, {}),
    ]


def test_a_fifth_half_day_changes_the_evidence_and_raises_nothing_more() -> None:
    file = attendance(missed(4))
    file.note(PUPIL, missed(1, first=4)[0], NOW)
    (changed,) = then(file, FactNoted)
    assert isinstance(changed, EvidenceChanged)
    assert len(changed.tally.counted) == 5
    assert changed.alert_ids == [file.standing[1].id]


def test_ten_half_days_raise_level_1_then_level_2() -> None:  # T6
    file = attendance()
    for each in missed(10):
        file.note(PUPIL, each, NOW)
    raised = [event for event in file.pending if isinstance(event, Raised)]
    near = [event for event in file.pending if isinstance(event, Approached)]
    assert [(event.level, len(event.tally.counted)) for event in raised] == [(1, 4), (2, 10)]
    assert [(event.level, len(event.tally.counted)) for event in near] == [(1, 3), (2, 9)]


def test_excused_half_days_are_left_out_and_listed() -> None:  # T5
    file = attendance(fact(half_day(n), Status.JUSTIFIED) for n in range(12))
    assert not file.alerts
    for each in missed(4, first=12):
        file.note(PUPIL, each, NOW)
    raised = then(file, FactNoted, Approached)[0]
    assert isinstance(raised, Raised)
    assert [each.slot for each in raised.tally.left_out] == [half_day(n) for n in range(12)]
    assert {each.why for each in raised.tally.left_out} == {Why.JUSTIFIED}


def test_after_a_change_of_school_the_count_goes_on_and_the_file_belongs_to_the_new_school() -> None:  # AMB-11
    file = attendance(missed(3))
    file.note(PUPIL, fact(half_day(3), uai=OTHER_SCHOOL), NOW)
    (raised,) = then(file, FactNoted)
    assert isinstance(raised, Raised)
    assert raised.uai == OTHER_SCHOOL
    assert [each.uai for each in raised.tally.counted] == [SCHOOL] * 3 + [OTHER_SCHOOL]


@pytest.mark.parametrize(("level", "threshold", "rule_id"), [(1, 4, "ABS-11"), (2, 10, "ABS-12")])
def test_rules_in_force_are_those_of_the_rule_book(level: int, threshold: int, rule_id: str) -> None:
    rule = rules_on(MONDAY)[level - 1]
    assert (rule.level, rule.threshold, rule.id, rule.approached_at) == (level, threshold, rule_id, threshold - 1)


def test_no_rule_is_in_force_before_its_date() -> None:
    assert rules_on(date(2019, 9, 1)) == ()
