"""Which facts are the same fact, whose e-mail is the same e-mail, and what comes too late to be told."""

from datetime import date
from uuid import uuid4

import pytest

from services.notifications.facts import (
    DelayApproaching,
    DelayReached,
    Fact,
    OutcomeMissing,
    ParcoursOpened,
    ReviewOverdue,
    Share,
    StatusExpired,
    StatusExpiring,
    ThresholdReached,
    fact_id_of,
    mail_id_of,
)
from tests.unit.notifications.given import ALERT, FACT_ID, PARCOURS, REACHED, SHARE

END, LATER_END = date(2025, 12, 31), date(2026, 1, 7)


def expiring(days: int = 30, ends_on: date = END, share: Share = SHARE) -> StatusExpiring:
    return StatusExpiring(scheme="TDO", days=days, ends_on=ends_on, share=share)


def approaching(days: int = 15, until: date = END) -> DelayApproaching:
    return DelayApproaching(kind="OF_SUMMONS", days=days, since=date(2025, 10, 31), until=until)


DIFFERENT: list[Fact] = [
    ThresholdReached(level=1, month="2025-10", half_days=4, threshold=4),
    ThresholdReached(level=2, month="2025-10", half_days=10, threshold=10),
    ParcoursOpened(scheme="TDO", starts_on=date(2025, 9, 8), ends_on=END, share=SHARE),
    expiring(30),
    expiring(15),
    expiring(30, LATER_END),
    StatusExpired(scheme="TDO", ends_on=END),
    StatusExpired(scheme="TDO", ends_on=LATER_END),
    OutcomeMissing(scheme="TDO", weeks=1, ends_on=END),
    OutcomeMissing(scheme="TDO", weeks=2, ends_on=END),
    ReviewOverdue(scheme="TDO", review_on=END),
    ReviewOverdue(scheme="TDO", review_on=LATER_END),
    approaching(15),
    approaching(5),
    approaching(15, LATER_END),
    DelayReached(kind="OF_SUMMONS", since=date(2025, 10, 31), until=END),
    DelayReached(kind="OF_SUMMONS", since=date(2025, 10, 31), until=LATER_END),
]


def test_different_facts_about_one_thing_have_different_ids_that_stay_the_same() -> None:
    ids = [fact_id_of(PARCOURS, fact) for fact in DIFFERENT]
    assert len(set(ids)) == len(DIFFERENT)
    assert ids == [fact_id_of(PARCOURS, fact) for fact in DIFFERENT]


def test_the_same_fact_about_something_else_is_another_one() -> None:
    assert fact_id_of(ALERT, REACHED) == FACT_ID != fact_id_of(uuid4(), REACHED)


def test_the_same_reminder_with_another_share_is_the_same_one() -> None:
    assert fact_id_of(PARCOURS, expiring(share=Share(0, 115, 76))) == fact_id_of(PARCOURS, expiring())


def test_an_extended_parcours_is_told_of_again() -> None:
    assert fact_id_of(PARCOURS, expiring(30)) != fact_id_of(PARCOURS, expiring(30, LATER_END))


def test_e_mails_differ_by_fact_and_person() -> None:
    ids = {mail_id_of(fact_id_of(PARCOURS, fact), who) for fact in DIFFERENT for who in ("a", "b", "CPE")}
    assert len(ids) == 3 * len(DIFFERENT)
    assert mail_id_of(FACT_ID, "a") in {mail_id_of(FACT_ID, "a") for _ in range(2)}


@pytest.mark.parametrize(("day", "over"), [(date(2025, 12, 1), False), (END, False), (date(2026, 1, 1), True)])
def test_a_reminder_is_over_once_the_last_day_is(day: date, over: bool) -> None:
    assert expiring().is_over(day) is over
    assert approaching().is_over(day) is over


@pytest.mark.parametrize(
    ("day", "over"), [(date(2026, 1, 8), False), (date(2026, 1, 14), False), (date(2026, 1, 15), True)]
)
def test_a_week_without_outcome_is_over_once_the_next_one_is(day: date, over: bool) -> None:
    """Read late, by a service that was stopped for long, each of them would be a mail of the same morning."""
    assert OutcomeMissing(scheme="TDO", weeks=1, ends_on=END).is_over(day) is over


def test_what_happened_is_never_over() -> None:
    told_late = [each for each in DIFFERENT if not isinstance(each, (StatusExpiring, DelayApproaching, OutcomeMissing))]
    assert not any(each.is_over(date(2030, 1, 1)) for each in told_late)
