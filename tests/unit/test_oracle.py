"""The oracle itself, on cases small enough to be counted by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

from tests.oracle import Fact, PartnerDays, Standing, standing_alerts

NOON = datetime(2025, 10, 31, 12, tzinfo=UTC)


def said(
    day: int,
    says: Literal["unjustified", "justified", "cancelled"] = "unjustified",
    minutes: int = 0,
    id: str = "a",  # noqa: A002
) -> Fact:
    return Fact("pupil", date(2025, 10, day), "MORNING", says, NOON + timedelta(minutes=minutes), id, "school")


def test_four_half_days_in_a_month_reach_level_1_and_ten_level_2() -> None:
    assert standing_alerts(said(day) for day in range(1, 4)) == {}
    assert standing_alerts(said(day) for day in range(1, 5)) == {Standing("pupil", "2025-10", 1): 4}
    ten = standing_alerts(said(day) for day in range(1, 11))
    assert ten == {Standing("pupil", "2025-10", 1): 10, Standing("pupil", "2025-10", 2): 10}


def test_the_latest_fact_about_a_half_day_wins_whatever_the_order() -> None:
    facts = [said(day) for day in range(1, 5)] + [said(4, "justified", minutes=1)]
    assert standing_alerts(facts) == standing_alerts(reversed(facts)) == {}
    again = [*facts, said(4, minutes=2)]
    assert standing_alerts(again) == standing_alerts(reversed(again)) == {Standing("pupil", "2025-10", 1): 4}


def test_at_the_same_instant_the_greater_id_wins() -> None:
    four = [said(day) for day in range(1, 5)]
    assert standing_alerts([*four, said(4, "cancelled", id="b")]) == {}
    assert standing_alerts([*four, said(4, "cancelled", id="A")]) == {Standing("pupil", "2025-10", 1): 4}


def test_months_and_repeats_do_not_add_up() -> None:
    september = [fact._replace(day=fact.day.replace(month=9)) for fact in (said(1), said(2))]
    assert standing_alerts([*september, said(1), said(2), said(2)]) == {}


def test_days_with_a_partner_do_not_count_for_the_home_school_as_the_latest_revision_says() -> None:  # AMB-10
    five = [said(day)._replace(school="home") for day in range(1, 6)]
    first = PartnerDays("parcours", "pupil", "home", 1, frozenset({date(2025, 10, 1), date(2025, 10, 2)}))
    second = first._replace(revision=2, days=frozenset({date(2025, 10, 1)}))
    assert standing_alerts(five, [first]) == {}
    assert standing_alerts(five, [second, first]) == {Standing("pupil", "2025-10", 1): 4}
    assert standing_alerts(five, [first._replace(school="structure")]) == {Standing("pupil", "2025-10", 1): 5}
