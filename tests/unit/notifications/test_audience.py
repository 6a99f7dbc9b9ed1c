"""Who is told of what, written out."""

from datetime import date

import pytest

from contracts.delays import DelayKind
from contracts.notifications import MailTemplate
from contracts.parcours import Scheme
from services.notifications.audience import AUDIENCE, audience_of
from services.notifications.facts import (
    DelayApproaching,
    DelayReached,
    OutcomeMissing,
    ParcoursOpened,
    ReviewOverdue,
    StatusExpired,
    StatusExpiring,
    ThresholdReached,
)
from tests.unit.notifications.given import SHARE

START, END = date(2025, 9, 8), date(2025, 12, 31)
SCHEMES = tuple(Scheme)


def roles(text: str) -> set[str]:
    return set(text.split())


@pytest.mark.parametrize(("level", "told"), [(1, "CHEF_ETAB CPE"), (2, "CHEF_ETAB CPE COORD_MLDS")])
def test_alerts(level: int, told: str) -> None:
    assert set(audience_of(ThresholdReached(level=level, month="2025-10", half_days=4, threshold=4))) == roles(told)


@pytest.mark.parametrize(
    ("scheme", "told"),
    [
        ("TDO", "CHEF_ETAB COORD_MLDS DCIO MISSION_LOCALE"),
        ("PAFI", "CHEF_ETAB COORD_MLDS DCIO MISSION_LOCALE"),
        ("AMBITION_EMPLOI", "CHEF_ETAB COORD_MLDS MISSION_LOCALE"),
        ("AVENIR_PRO_PLUS", "CHEF_ETAB COORD_MLDS MISSION_LOCALE"),
    ],
)
def test_a_parcours_opened(scheme: str, told: str) -> None:
    assert set(audience_of(ParcoursOpened(scheme=scheme, starts_on=START, ends_on=END, share=SHARE))) == roles(told)


@pytest.mark.parametrize(
    ("scheme", "days", "told"),
    [
        ("TDO", 30, "COORD_MLDS"),
        ("TDO", 15, "COORD_MLDS"),
        ("TDO", 7, "COORD_MLDS CHEF_ETAB"),
        ("TDO", 1, "COORD_MLDS CHEF_ETAB"),
        ("PAFI", 30, "COORD_MLDS"),
        ("PAFI", 15, "COORD_MLDS"),
        ("PAFI", 7, "COORD_MLDS CHEF_ETAB"),
        ("PAFI", 1, "COORD_MLDS CHEF_ETAB"),
        ("AMBITION_EMPLOI", 30, "COORD_MLDS MISSION_LOCALE"),
        ("AMBITION_EMPLOI", 15, "COORD_MLDS"),
        ("AMBITION_EMPLOI", 7, "COORD_MLDS CHEF_ETAB MISSION_LOCALE"),
        ("AMBITION_EMPLOI", 1, "COORD_MLDS CHEF_ETAB"),
        ("AVENIR_PRO_PLUS", 30, "COORD_MLDS MISSION_LOCALE"),
        ("AVENIR_PRO_PLUS", 15, "COORD_MLDS"),
        ("AVENIR_PRO_PLUS", 7, "COORD_MLDS CHEF_ETAB MISSION_LOCALE"),
        ("AVENIR_PRO_PLUS", 1, "COORD_MLDS CHEF_ETAB"),
    ],
)
def test_a_status_that_expires_soon(scheme: str, days: int, told: str) -> None:
    assert set(audience_of(StatusExpiring(scheme=scheme, days=days, ends_on=END, share=SHARE))) == roles(told)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_after_the_end(scheme: str) -> None:
    everyone = roles("CHEF_ETAB COORD_MLDS DCIO MISSION_LOCALE")
    assert set(audience_of(StatusExpired(scheme=scheme, ends_on=END))) == everyone
    assert set(audience_of(OutcomeMissing(scheme=scheme, weeks=3, ends_on=END))) == roles("CHEF_ETAB COORD_MLDS")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_review_overdue(scheme: str) -> None:
    assert set(audience_of(ReviewOverdue(scheme=scheme, review_on=END))) == {"COORD_MLDS"}


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("RETURN_INTERVIEW", "COORD_MLDS DCIO"),
        ("APPRENTICE_WITHOUT_CONTRACT", "COORD_MLDS CFA CHEF_ETAB MISSION_LOCALE"),
        ("APPRENTICE_AFTER_RUPTURE", "COORD_MLDS CFA CHEF_ETAB MISSION_LOCALE"),
        ("OF_SUMMONS", "COORD_MLDS MISSION_LOCALE DCIO"),
    ],
)
def test_delays(kind: str, told: str) -> None:
    assert set(audience_of(DelayApproaching(kind=kind, days=5, since=START, until=END))) == roles(told)
    assert set(audience_of(DelayReached(kind=kind, since=START, until=END))) == roles(told)


def test_every_e_mail_and_every_kind_of_delay_is_for_somebody() -> None:
    assert set(AUDIENCE) == set(MailTemplate)
    assert all(audience_of(DelayReached(kind=kind, since=START, until=END)) for kind in DelayKind)
