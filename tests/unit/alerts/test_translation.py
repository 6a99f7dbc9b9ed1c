"""What is told to the others is what the contract would have written, byte for byte."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from chassis.events import Event, Recorded
from contracts.alerts import AlertLifted, CloseMotive, FollowUp, LiftCause
from contracts.envelope import envelope_class
from contracts.school import ReasonCategory
from contracts.streams import PLACES, partition_of
from services.alerts.events import (
    Approached,
    EvidenceChanged,
    Fact,
    FactNoted,
    Lifted,
    PartnerDaysNoted,
    Raised,
    StandingLapsed,
    Status,
)
from services.alerts.translation import TOPICS, TRANSLATIONS, translate
from tests.unit.alerts.given import NOW, PUPIL, SCHOOL, attendance, fact, half_day, missed, with_partner


def everything() -> Iterator[Recorded]:
    """One file through its whole life: every kind of event, with and without what is optional."""
    file = attendance()
    excused = Fact(
        half_day(12),
        Status.JUSTIFIED,
        SCHOOL,
        datetime(2025, 10, 19, tzinfo=UTC),
        "x",
        "/one",
        ReasonCategory.HEALTH,
    )
    file.note(PUPIL, excused, NOW)
    file.note(PUPIL, fact(half_day(13), Status.CANCELLED), NOW)
    for each in missed(10):
        file.note(PUPIL, each, NOW)
    (first, second) = file.alerts
    file.acknowledge(first, "head", uuid4(), NOW)
    file.follow_up(first, FollowUp.INTERVIEW, date(2025, 10, 20), "cpe", uuid4(), NOW, date(2025, 10, 20))
    file.close(first, CloseMotive.OTHER, "head", uuid4(), NOW)
    file.note(PUPIL, fact(half_day(0), Status.JUSTIFIED, minute=30), NOW)
    for number in range(1, 8):
        file.note(PUPIL, fact(half_day(number), Status.CANCELLED, minute=30), NOW)
    for each in missed(5, first=14):
        file.note(PUPIL, each, NOW)
    for revision, away in enumerate([(13, 14), (13,), (10, 13, 14, 15), (10, 13, 14, 15, 20)], 1):
        file.note_partner_days(with_partner(*away, revision=revision, correlation=uuid4()), NOW)
        file.note(PUPIL, missed(1, first=18 + revision)[0], NOW)
    assert second in file.alerts
    yield from file.collect()


@pytest.mark.parametrize("kind", TRANSLATIONS)
def test_each_kind_is_written_as_its_contract_would_write_it(kind: type[Event]) -> None:
    contract, _ = TRANSLATIONS[kind]
    told = [translate(recorded) for recorded in everything() if type(recorded.event) is kind]
    assert told
    for said in told:
        assert said is not None
        subject, data = said
        envelope = envelope_class(contract).model_validate_json(data)
        assert envelope.to_json() == data
        assert subject == f"alerts.{PLACES[partition_of(str(PUPIL))]}.{contract.FACT}"
        assert (envelope.subject, envelope.type) == (str(PUPIL), contract.TYPE)


@pytest.mark.parametrize("kind", [Approached, Raised, EvidenceChanged, Lifted])
def test_half_days_with_a_partner_are_told_as_left_out_for_that(kind: type[Event]) -> None:  # AMB-10
    told = [translate(recorded) for recorded in everything() if type(recorded.event) is kind]
    assert any(said and b'"why":"in_parcours"' in said[1] for said in told)


def test_an_alert_that_a_parcours_lifts_says_so_with_what_it_follows_from() -> None:  # AMB-10
    said = [translate(recorded) for recorded in everything() if isinstance(recorded.event, Lifted)]
    lifted = [envelope_class(AlertLifted).model_validate_json(each[1]) for each in said if each]
    causes = {each.data.cause: each for each in lifted}
    assert set(causes) == set(LiftCause) - {LiftCause.CANCELLED}
    assert causes[LiftCause.IN_PARCOURS].causationid == "parcours.4"
    assert causes[LiftCause.IN_PARCOURS].correlationid is not None


def test_what_is_our_own_business_is_told_to_nobody() -> None:
    kinds = {FactNoted, PartnerDaysNoted, StandingLapsed}
    own = [recorded for recorded in everything() if type(recorded.event) in kinds]
    assert {type(recorded.event) for recorded in own} == kinds
    assert [translate(recorded) for recorded in own] == [None] * len(own)
    assert not {recorded.event.TOPIC for recorded in own} & set(TOPICS)
