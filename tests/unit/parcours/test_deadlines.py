"""When a parcours is spoken of: never before its instant, once, and the parcours has the last word."""

from datetime import UTC, date, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from contracts.parcours import Outcome, ParcoursState, Scheme
from services.parcours import events
from services.parcours.days import end_of, last_day_of, same_day, start_of
from tests.unit.parcours.given import REGULATION, act, day, kinds, on, open_parcours, ring_late, ring_until

PAST = on("31/12/2030")


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("31/12/2025", "2025-12-30T23:00", "2025-12-31T23:00"),  # year-end
        ("28/02/2026", "2026-02-27T23:00", "2026-02-28T23:00"),
        ("29/02/2028", "2028-02-28T23:00", "2028-02-29T23:00"),  # leap day
        ("29/03/2026", "2026-03-28T23:00", "2026-03-29T22:00"),  # 23 hours: summer time begins
        ("26/10/2025", "2025-10-25T22:00", "2025-10-26T23:00"),  # 25 hours: it ends
        ("14/07/2026", "2026-07-13T22:00", "2026-07-14T22:00"),
    ],
)
def test_a_day_begins_and_ends_at_midnight_in_france(text: str, begins: str, ends: str) -> None:
    assert start_of(day(text)) == datetime.fromisoformat(begins).replace(tzinfo=UTC)
    assert end_of(day(text)) == datetime.fromisoformat(ends).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "months", "last"),
    [
        ("04/09/2023", 4, "03/01/2024"),
        ("01/09/2025", 4, "31/12/2025"),
        ("31/10/2025", 4, "28/02/2026"),
        ("30/10/2027", 4, "29/02/2028"),
        ("29/10/2025", 4, "28/02/2026"),
        ("28/10/2025", 4, "27/02/2026"),
        ("31/08/2025", 1, "30/09/2025"),
        ("29/02/2024", 12, "28/02/2025"),
        ("31/12/2025", 2, "28/02/2026"),
    ],
)
def test_months_end_the_day_before_the_same_day_or_on_the_last_of_the_month(first: str, months: int, last: str) -> None:
    """AMB-6."""
    assert last_day_of(day(first), months) == day(last)


def test_the_same_day_of_a_later_month_is_its_last_when_it_has_none_such() -> None:
    assert same_day(day("31/01/2024"), 1) == day("29/02/2024")
    assert same_day(day("31/01/2024"), 2) == day("31/03/2024")
    assert same_day(day("30/11/2025"), 3) == day("28/02/2026")


def test_from_the_opening_to_a_missing_outcome() -> None:
    parcours = open_parcours("01/09/2025", "31/12/2025")
    told = ring_until(parcours, on("16/01/2026"))
    assert [(type(event).__name__, event.at) for event in told] == [
        ("ReviewOverdue", end_of(day("01/10/2025"))),
        ("Expiring", start_of(day("01/12/2025"))),
        ("Expiring", start_of(day("16/12/2025"))),
        ("Expiring", start_of(day("24/12/2025"))),
        ("Expiring", start_of(day("30/12/2025"))),
        ("Expired", end_of(day("31/12/2025"))),
        ("OutcomeMissing", end_of(day("07/01/2026"))),
        ("OutcomeMissing", end_of(day("14/01/2026"))),
    ]
    assert [event.days for event in told if isinstance(event, events.Expiring)] == [30, 15, 7, 1]
    assert [event.weeks for event in told if isinstance(event, events.OutcomeMissing)] == [1, 2]


def test_nothing_fires_before_its_instant() -> None:
    parcours = open_parcours("01/09/2025", "31/12/2025")
    for kind, due in parcours.deadlines().items():
        parcours.fire(kind, due, due - timedelta(microseconds=1))
    assert parcours.pending == []


def test_nothing_fires_twice() -> None:
    parcours = open_parcours("01/09/2025", "31/12/2025")
    due = parcours.deadlines()["expiring-30"]
    for _ in range(2):
        parcours.fire("expiring-30", due, due)
    assert kinds(parcours.pending) == ["Expiring"]


def test_an_extension_a_second_before_the_end_wins() -> None:
    parcours = open_parcours("01/09/2025", "30/11/2025")
    due = parcours.deadlines()["expiry"]
    parcours.extend(day("31/12/2025"), REGULATION, act(due - timedelta(seconds=1)))
    parcours.fire("expiry", due, due)
    assert parcours.state is ParcoursState.OPEN
    assert "Expired" not in kinds(parcours.pending)
    assert parcours.deadlines()["expiry"] == end_of(day("31/12/2025"))


def test_an_extension_reminds_again_of_the_new_end() -> None:
    parcours = open_parcours("01/09/2025", "30/11/2025")
    ring_until(parcours, on("02/11/2025"))
    parcours.extend(day("31/12/2025"), REGULATION, act(on("02/11/2025")))
    assert parcours.deadlines()["expiring-30"] == start_of(day("01/12/2025"))


def test_a_reminder_says_how_far_it_could_be_extended() -> None:
    """For e-mails: nobody is offered to extend what goes as far as it can."""
    parcours = open_parcours("01/09/2025", "30/11/2025")
    parcours.extend(day("31/12/2025"), REGULATION, act(on("02/11/2025")))
    tdo = open_parcours("06/10/2025", "31/07/2027", Scheme.TDO)  # bounded by the académie alone
    for each, last_day in ((parcours, day("31/12/2025")), (tdo, day("31/07/2027"))):
        reminders = [event for event in ring_until(each, on("31/07/2027")) if isinstance(event, events.Expiring)]
        assert {event.last_day for event in reminders} == {last_day}


def test_a_reminder_whose_day_has_begun_when_the_end_is_set_is_not_given() -> None:
    parcours = open_parcours("06/10/2025", "20/10/2025", Scheme.TDO)
    assert sorted(parcours.deadlines()) == ["expiring-1", "expiring-7", "expiry"]


def test_after_days_of_silence_all_is_told_in_order_with_its_own_instant() -> None:
    parcours = open_parcours("01/09/2025", "31/12/2025")
    late = on("04/01/2026")
    due = sorted((at, kind) for kind, at in parcours.deadlines().items())
    for at, kind in due:
        parcours.fire(kind, at, late)
    told = [event for event in parcours.pending if isinstance(event, (events.Expiring, events.Expired))]
    assert [event.due_at for event in told] == sorted(event.due_at for event in told)
    assert {event.at for event in told} == {late}
    assert kinds(told) == ["Expiring"] * 4 + ["Expired"]


def test_a_parcours_entered_once_it_is_over_asks_for_its_outcome_once() -> None:
    """Twenty-one weeks of reminders would otherwise leave within a second."""
    entered = on("02/03/2026")
    parcours = open_parcours("08/09/2025", "03/10/2025", Scheme.TDO, now=entered)
    ring_late(parcours, entered)
    assert kinds(parcours.pending) == ["Expired", "OutcomeMissing"]
    missing = parcours.pending[-1]
    assert isinstance(missing, events.OutcomeMissing)
    assert (missing.weeks, missing.due_at) == (21, end_of(day("27/02/2026")))
    assert parcours.deadlines() == {"outcome": end_of(day("06/03/2026"))}


def test_after_weeks_of_silence_the_last_week_is_told_and_then_each_in_its_time() -> None:
    parcours = open_parcours("01/09/2025", "31/12/2025")
    ring_until(parcours, on("08/01/2026"))
    ring_late(parcours, on("05/02/2026"))
    ring_until(parcours, on("12/02/2026"))
    asked = [event for event in parcours.pending if isinstance(event, events.OutcomeMissing)]
    assert [(event.weeks, event.due_at) for event in asked] == [
        (1, end_of(day("07/01/2026"))),
        (5, end_of(day("04/02/2026"))),
        (6, end_of(day("11/02/2026"))),
    ]


@given(ends=st.dates(date(2025, 10, 1), date(2027, 3, 31)), hours=st.integers(0, 24 * 400))
def test_whenever_the_clock_is_looked_at_the_week_told_is_over_and_the_next_is_not(ends: date, hours: int) -> None:
    parcours = open_parcours("01/10/2025", f"{ends:%d/%m/%Y}", Scheme.TDO)
    now = end_of(ends) + timedelta(hours=hours)
    ring_late(parcours, now)
    asked = [event for event in parcours.pending if isinstance(event, events.OutcomeMissing)]
    assert len(asked) == (now >= end_of(ends + timedelta(weeks=1)))
    assert all(event.due_at <= now for event in asked)
    assert now < parcours.deadlines()["outcome"] <= now + timedelta(weeks=1, hours=1)


def test_every_week_that_was_told_when_each_still_was_is_read_as_before() -> None:
    parcours = open_parcours("01/09/2025", "31/12/2025")
    weekly = ring_until(parcours, on("22/01/2026"))
    assert [event.weeks for event in weekly if isinstance(event, events.OutcomeMissing)] == [1, 2, 3]
    assert parcours.deadlines() == {"outcome": end_of(day("28/01/2026"))}


def test_closing_leaves_nothing_to_fall_due() -> None:
    parcours = open_parcours("01/09/2025", "31/12/2025")
    parcours.close(Outcome.TRAINING, day("01/10/2025"), act(on("01/10/2025")))
    assert parcours.deadlines() == {}
    assert ring_until(parcours, PAST) == []


def test_a_suspended_parcours_ends_on_its_day_all_the_same() -> None:
    parcours = open_parcours("01/09/2025", "30/11/2025")
    parcours.suspend(day("15/11/2025"), act(on("15/11/2025")))
    ring_until(parcours, on("01/12/2025"))
    assert parcours.state is ParcoursState.EXPIRED
