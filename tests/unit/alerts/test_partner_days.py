"""AMB-10: on the days a pupil is with a partner, the home school's reports do not count."""

from datetime import date
from uuid import UUID, uuid4

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from chassis.events import decode, encode
from contracts.alerts import AlertState, CloseMotive
from services.alerts.domain import Attendance
from services.alerts.events import (
    Approached,
    EvidenceChanged,
    Fact,
    FactNoted,
    Lifted,
    PartnerDaysNoted,
    Raised,
    Slot,
    StandingLapsed,
    Status,
    Why,
)
from services.alerts.facts import PartnerDaysSaid, attendance_id
from services.alerts.partner_days import for_each_month
from services.alerts.wire import AboutPartnerDays, PartnerDaysChanged, Span
from tests.unit.alerts.given import (
    NOW,
    OTHER_SCHOOL,
    PARCOURS,
    PUPIL,
    SCHOOL,
    attendance,
    days,
    fact,
    half_day,
    missed,
    replayed,
    then,
    with_partner,
)

OTHER_PARCOURS = UUID("7a1d8e1f-4a3b-5c7d-9e0f-1a2b3c4d5e12")


dates = st.one_of(st.dates(), st.sampled_from([date.min, date.max, date(9999, 1, 1)]))


def file_after(*said: PartnerDaysSaid, facts: list[Fact]) -> Attendance:
    file = attendance(facts)
    for each in said:
        file.note_partner_days(each, NOW)
    file.pending = []
    return file


# Half-days 0 and 1 are those of 6 October, 2 and 3 those of the 7th, and so on.


def test_a_half_day_with_a_partner_is_not_counted_and_is_listed_with_its_reason() -> None:
    file = file_after(with_partner(6), facts=[])
    for each in missed(6):
        file.note(PUPIL, each, NOW)
    (raised,) = then(file, FactNoted, Approached)
    assert isinstance(raised, Raised)
    assert [each.slot for each in raised.tally.counted] == [half_day(n) for n in (2, 3, 4, 5)]
    assert [(each.slot, each.why) for each in raised.tally.left_out] == [
        (half_day(0), Why.IN_PARCOURS),
        (half_day(1), Why.IN_PARCOURS),
    ]
    assert raised.reached_on == half_day(5)


def test_what_the_structure_reports_itself_counts() -> None:
    file = file_after(with_partner(6, 7), facts=[])
    for number in range(4):
        file.note(PUPIL, fact(half_day(number), uai=OTHER_SCHOOL), NOW)
    (raised,) = then(file, FactNoted, Approached)
    assert isinstance(raised, Raised)
    assert raised.uai == OTHER_SCHOOL


@pytest.mark.parametrize(("status", "why"), [(Status.JUSTIFIED, Why.JUSTIFIED), (Status.CANCELLED, Why.CANCELLED)])
def test_what_did_not_count_anyway_keeps_its_own_reason(status: Status, why: Why) -> None:
    file = file_after(with_partner(6), facts=[fact(half_day(0), status)])
    assert [each.why for each in file.tally().left_out] == [why]


def test_days_said_after_the_absences_lift_the_alert_and_say_what_it_follows_from() -> None:
    file = attendance(missed(4))
    alert, correlation = file.standing[1], uuid4()
    file.note_partner_days(with_partner(7, message_id="parcours.9", correlation=correlation), NOW)
    noted, lifted = then(file)
    assert isinstance(noted, PartnerDaysNoted)
    assert isinstance(lifted, Lifted)
    assert (lifted.alert_id, lifted.why, len(lifted.tally.counted)) == (alert.id, Why.IN_PARCOURS, 2)
    assert [(event.cause, event.correlation) for event in then(file)] == [("parcours.9", correlation)] * 2
    assert file.alerts[alert.id].state is AlertState.LIFTED


def test_days_given_back_count_again_and_raise_another_alert() -> None:
    file = file_after(with_partner(6, 7), facts=missed(4))
    file.note_partner_days(with_partner(revision=2, former=(6, 7)), NOW)
    (raised,) = then(file, PartnerDaysNoted)
    assert isinstance(raised, Raised)
    assert (raised.alert_id in file.alerts, len(file.alerts), len(raised.tally.counted)) == (True, 2, 4)


def test_days_given_back_may_reach_both_levels_at_once() -> None:
    file = file_after(with_partner(*range(6, 11)), facts=missed(10))
    file.note_partner_days(with_partner(revision=2, former=range(6, 11)), NOW)
    assert [(type(event), event.level) for event in then(file, PartnerDaysNoted)] == [(Raised, 1), (Raised, 2)]  # type: ignore[attr-defined]


def test_other_days_that_leave_the_alert_standing_change_its_evidence() -> None:
    file = file_after(with_partner(6), facts=missed(6))
    file.note_partner_days(with_partner(7, revision=2, former=(6,)), NOW)
    (changed,) = then(file, PartnerDaysNoted)
    assert isinstance(changed, EvidenceChanged)
    assert [each.slot for each in changed.tally.counted] == [half_day(n) for n in (0, 1, 4, 5)]


def test_days_without_any_absence_are_remembered_and_tell_nothing() -> None:
    file = attendance(missed(4))
    file.note_partner_days(with_partner(20, 21), NOW)
    assert [type(event) for event in then(file)] == [PartnerDaysNoted]


def test_falling_below_10_lifts_level_2_and_keeps_level_1() -> None:
    file = attendance(missed(10))
    file.note_partner_days(with_partner(6), NOW)
    lifted, changed = then(file, PartnerDaysNoted)
    assert isinstance(lifted, Lifted)
    assert (lifted.level, lifted.why) == (2, Why.IN_PARCOURS)
    assert isinstance(changed, EvidenceChanged)
    assert list(file.standing) == [1]


def test_an_alert_that_people_closed_stays_closed() -> None:
    file = attendance(missed(4))
    file.close(file.standing[1].id, CloseMotive.PARCOURS_OPENED, "head", uuid4(), NOW)
    file.pending = []
    file.note_partner_days(with_partner(6), NOW)
    assert [type(event) for event in then(file, PartnerDaysNoted)] == [StandingLapsed, EvidenceChanged]


def test_the_early_warning_is_given_anew_when_the_count_comes_near_again() -> None:
    file = file_after(with_partner(6), facts=missed(3))
    assert file.approached == {}
    file.note_partner_days(with_partner(revision=2, former=(6,)), NOW)
    assert [type(event) for event in then(file, PartnerDaysNoted)] == [Approached]


def test_a_count_that_leapt_over_the_early_warning_gives_it_when_the_alert_is_lifted() -> None:
    file = file_after(with_partner(6, 7), facts=[])
    for each in missed(4):
        file.note(PUPIL, each, NOW)
    file.note_partner_days(with_partner(revision=2, former=(6, 7)), NOW)
    assert [type(event) for event in then(file, FactNoted, PartnerDaysNoted)] == [Raised]
    file.pending = []
    file.note(PUPIL, fact(half_day(0), Status.JUSTIFIED, minute=30), NOW)
    assert [type(event) for event in then(file, FactNoted)] == [Lifted, Approached]


def test_a_report_of_the_home_school_may_lift_an_alert() -> None:
    """The half-day was reported by another school and counted; the home school's later report does not."""
    file = file_after(with_partner(6), facts=[fact(half_day(0), uai=OTHER_SCHOOL), *missed(3, first=2)])
    assert list(file.standing) == [1]
    file.note(PUPIL, fact(half_day(0), minute=30), NOW)
    (lifted,) = then(file, FactNoted, Approached)
    assert isinstance(lifted, Lifted)
    assert lifted.why is Why.IN_PARCOURS


def test_of_two_parcours_each_excuses_its_own_days() -> None:
    both = [with_partner(6), with_partner(6, 7, parcours=OTHER_PARCOURS)]
    file = file_after(*both, with_partner(6, revision=2, former=(6, 7), parcours=OTHER_PARCOURS), facts=missed(4))
    assert file.count == 2
    file.note_partner_days(with_partner(revision=2, former=(6,)), NOW)
    assert file.count == 2


@pytest.mark.parametrize("revision", [1, 2])
def test_an_older_or_equal_revision_is_ignored(revision: int) -> None:
    file = file_after(with_partner(7, revision=2), facts=missed(4))
    file.note_partner_days(with_partner(6, 7, revision=revision), NOW)
    assert then(file) == []


def test_a_later_revision_that_changes_nothing_of_the_month_is_ignored() -> None:
    file = file_after(with_partner(6, 7), facts=missed(4))
    file.note_partner_days(with_partner(6, 7, revision=2, former=(6, 7)), NOW)
    assert then(file) == []


def test_an_earlier_revision_that_comes_late_does_not_bring_its_days_back() -> None:
    file = file_after(with_partner(revision=2, former=(6, 7)), facts=missed(4))
    file.note_partner_days(with_partner(6, 7, revision=1), NOW)
    assert then(file) == []
    assert file.count == 4


def test_nothing_is_noted_about_an_erased_pupil() -> None:
    file = file_after(with_partner(6), facts=missed(4))
    file.forget(NOW)
    assert dict(file.partner_days) == {}
    file.pending = []
    file.note_partner_days(with_partner(6, 7, revision=2, former=(6,)), NOW)
    assert then(file) == []


def test_days_said_before_any_fact_open_the_file_and_are_forgotten_with_the_pupil() -> None:
    file = file_after(with_partner(6), facts=[])
    assert (file.student_id, file.month) == (PUPIL, "2025-10")
    file.forget(NOW)
    assert file.forgotten


def test_what_is_said_of_a_parcours_goes_to_each_month_of_its_days_and_of_those_they_replace() -> None:
    said = PartnerDaysChanged(
        parcours_id=PARCOURS,
        student_id=PUPIL,
        uai=SCHOOL,
        revision=3,
        days=(Span(date(2025, 12, 30), date(2026, 1, 2)), Span(date(2026, 1, 31), date(2026, 1, 31))),
        former=(Span(date(2025, 11, 29), date(2026, 1, 1)),),
    )
    november, december, january = for_each_month(AboutPartnerDays("parcours.7", NOW, said))
    assert [each.file_id for each in (november, december, january)] == [
        attendance_id(PUPIL, month) for month in ("2025-11", "2025-12", "2026-01")
    ]
    assert (november.partner_days.days, november.former) == (0, days(29, 30))
    assert (december.partner_days.days, december.former) == (days(30, 31), days(*range(1, 32)))
    assert (january.partner_days.days, january.former) == (days(1, 2, 31), days(1))
    assert {(each.partner_days.revision, each.message_id) for each in (november, december, january)} == {
        (3, "parcours.7")
    }


def heard(revision: int, days: Span, *former: Span) -> list[PartnerDaysSaid]:
    said = PartnerDaysChanged(PARCOURS, PUPIL, SCHOOL, revision, (days,), former)
    return for_each_month(AboutPartnerDays(f"parcours.{revision}", NOW, said))


def test_an_end_centuries_away_writes_no_file_of_a_month_that_nobody_will_be_forgotten_in() -> None:
    """Ten thousand files in one transaction, for one mistyped year; its near days excuse all the same."""
    mistyped = Span(date(2025, 10, 6), date(2925, 12, 19))
    months = [each.partner_days.month for each in heard(3, mistyped)]
    assert (months[0], months[-1], len(months)) == ("2025-10", "2028-12", 39)
    file = file_after(*heard(3, mistyped)[:1], facts=missed(4))
    assert file.count == 0
    corrected = heard(5, Span(date(2025, 10, 7), date(2025, 12, 19)), mistyped)
    assert [each.partner_days.month for each in corrected] == months
    file.note_partner_days(corrected[0], NOW)
    assert file.count == 2
    assert [each.partner_days.days for each in corrected[3:]] == [0] * 36


@given(first=dates, last=dates)
def test_whatever_the_days_said_a_file_is_of_a_month_that_may_have_one(first: date, last: date) -> None:
    months = [each.partner_days.month for each in heard(1, Span(first, last), Span(date.min, date.max))]
    assert (months[0], months[-1]) == ("2023-01", "2028-12")


def test_stored_days_are_compact_and_bring_the_file_back() -> None:
    file = attendance(missed(1))
    file.note_partner_days(with_partner(6), NOW)
    (noted,) = file.pending
    assert msgspec.json.decode(encode(noted))["partner_days"] == [str(PARCOURS), "2025-10", SCHOOL, 1, 64]
    back = replayed(attendance(missed(1)), [decode(PartnerDaysNoted.TOPIC, encode(noted))])
    assert (back.partner_days, back.month, back.student_id) == (file.partner_days, "2025-10", PUPIL)


def test_alerts_lifted_before_there_were_parcours_are_still_read() -> None:
    stored = (
        b'{"at":"2025-10-20T08:00:00Z","alert_id":"0d4bb2a5-f001-4c1e-9a7b-6f1d1f9e5a4f","level":1,"status":"J",'
        b'"student_id":"0d4bb2a5-f001-4c1e-9a7b-6f1d1f9e5a4f","rule":["ABS-11","2019-09-02",4],'
        b'"tally":[[],[[["2025-10-06",false],"0310000G","C",null]]]}'
    )
    lifted = decode("alerts.AlertLifted.1", stored)
    assert isinstance(lifted, Lifted)
    (left_out,) = lifted.tally.left_out
    assert (lifted.why, left_out.why, left_out.slot) == (Why.JUSTIFIED, Why.CANCELLED, Slot(date(2025, 10, 6), False))
