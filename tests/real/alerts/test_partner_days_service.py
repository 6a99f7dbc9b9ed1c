"""AMB-10 on real servers: two readers, of facts and of days with a partner, write to the same files."""

import asyncio
import random
from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID, uuid4

import psycopg
from prometheus_client import REGISTRY

from contracts import alerts, school
from contracts.examples import example
from contracts.parcours import ParcoursOpened, PartnerDaysChanged, Scheme, Span
from tests import oracle
from tests.real.alerts.suite import SCHOOL, START, Suite, half_day, missed
from tests.real.eventually import eventually

STRUCTURE = "0319001R"
MONDAY = date(2025, 10, 6)


def with_partner(
    student: UUID,
    days: Iterable[date],
    *,
    parcours: UUID | None = None,
    revision: int = 1,
    former: Iterable[date] = (),
) -> PartnerDaysChanged:
    return PartnerDaysChanged(
        parcours_id=parcours or uuid4(),
        student_id=student,
        uai=SCHOOL,
        scheme=Scheme.TDO,
        revision=revision,
        days=tuple(Span(first=day, last=day) for day in days),
        former=tuple(Span(first=day, last=day) for day in former),
    )


def conflicts(reader: str) -> float:
    labels = {"consumer": reader, "cause": "VersionConflict"}
    return REGISTRY.get_sample_value("perseverance_reader_restarts_total", labels) or 0


def stored(postgres_url: str, topic: str) -> int:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT count(*) FROM alerts.stored_events WHERE topic = %s", (topic,)).fetchone()
    assert row is not None
    return int(row[0])


async def test_days_with_a_partner_lift_the_alert_and_days_given_back_raise_another(suite: Suite) -> None:
    student, parcours, correlation = uuid4(), uuid4(), uuid4()
    await suite.tell(*missed(student, 4))
    (first,) = await suite.tells(alerts.AbsenceThresholdReached)

    await suite.say(with_partner(student, [MONDAY], parcours=parcours), correlation=correlation)
    (lifted,) = await suite.tells(alerts.AlertLifted)
    assert (lifted.data.alert_id, lifted.data.cause) == (first.data.alert_id, alerts.LiftCause.IN_PARCOURS)
    assert (lifted.causationid, lifted.correlationid) == (f"{parcours}.1", correlation)
    assert [(each.half_day, each.why) for each in lifted.data.evidence.left_out] == [
        (half_day(0), "in_parcours"),
        (half_day(1), "in_parcours"),
    ]

    await suite.say(with_partner(student, [], parcours=parcours, revision=2, former=[MONDAY]))
    _, second = await suite.tells(alerts.AbsenceThresholdReached, 2)
    assert second.data.alert_id != first.data.alert_id
    assert second.causationid == f"{parcours}.2"


async def test_a_parcours_opened_from_an_alert_closes_it_in_the_name_of_whoever_opened_it(suite: Suite) -> None:
    student, other, correlation = uuid4(), uuid4(), uuid4()
    await suite.tell(*missed(student, 4), *missed(other, 4))
    raised = {each.data.student_id: each.data for each in await suite.tells(alerts.AbsenceThresholdReached, 2)}

    opened = example(ParcoursOpened).data.model_copy(
        update={"student_id": student, "alert_id": raised[student].alert_id, "by": "mlds-31"}
    )
    await suite.say(opened, with_partner(student, [MONDAY], parcours=opened.parcours_id), correlation=correlation)
    (closed,) = await suite.tells(alerts.AlertClosed)
    assert (closed.data.alert_id, closed.data.by) == (raised[student].alert_id, "mlds-31")
    assert closed.data.motive is alerts.CloseMotive.PARCOURS_OPENED
    assert (closed.data.command_id, closed.correlationid) == (opened.command_id, correlation)

    await suite.say(with_partner(other, [MONDAY]))  # it comes after, and lifts what nobody answered
    (lifted,) = await suite.tells(alerts.AlertLifted)
    assert lifted.data.alert_id == raised[other].alert_id


async def test_the_reader_of_facts_begins_again_where_the_other_reader_wrote(suite: Suite, postgres_url: str) -> None:
    """It remembers the file as it was: what it would append is refused, then decided again on the file as it is."""
    student = uuid4()
    before = conflicts("alerts-school")
    await suite.tell(*missed(student, 4))
    await suite.tells(alerts.AbsenceThresholdReached)
    await suite.say(with_partner(student, [MONDAY]))
    await suite.tells(alerts.AlertLifted)

    facts = missed(student, 6)
    await suite.tell(facts[4])
    await suite.tell(facts[5])
    _, again = await suite.tells(alerts.AbsenceThresholdReached, 2)
    assert [each.half_day for each in again.data.evidence.counted] == [half_day(n) for n in (2, 3, 4, 5)]
    assert conflicts("alerts-school") > before
    assert stored(postgres_url, "alerts.FactNoted.1") == 6  # each once


async def test_an_erased_pupil_s_days_with_a_partner_are_forgotten_in_every_month(
    suite: Suite, postgres_url: str
) -> None:
    student, today = uuid4(), date.today()  # noqa: DTZ011  (any day near the service's own)
    months = [today + timedelta(days=31 * n) for n in range(14)]
    await suite.say(with_partner(student, months))

    async def noted() -> bool:
        return stored(postgres_url, "alerts.PartnerDaysNoted.1") == 14

    await eventually(noted)
    await suite.tell(school.StudentErased(student_id=student))

    async def forgotten() -> bool:
        return stored(postgres_url, "alerts.PupilForgotten.1") == 14

    await eventually(forgotten)


async def test_both_readers_at_once_and_in_any_order_end_in_the_oracle_s_alerts(suite: Suite) -> None:
    chance = random.Random(20251010)
    pupils = [uuid4() for _ in range(8)]
    days = [MONDAY + timedelta(days=n) for n in range(12)]
    facts: list[oracle.Fact] = []
    reports: list[tuple[school.AbsenceReported, str]] = []
    for number in range(200):
        pupil, slot = chance.choice(pupils), half_day(chance.randrange(24))
        uai = chance.choice([SCHOOL, SCHOOL, SCHOOL, STRUCTURE])
        reports.append((school.AbsenceReported(student_id=pupil, uai=uai, half_day=slot), f"f{number}"))
        facts.append(
            oracle.Fact(pupil, slot.date, slot.period, "unjustified", START, f"f{number}", "/vie-scolaire", uai)
        )
    changes: list[PartnerDaysChanged] = []
    for pupil in pupils:
        parcours, former = uuid4(), list[date]()
        for revision in range(1, 6):
            now = chance.sample(days, chance.randrange(6))
            changes.append(with_partner(pupil, now, parcours=parcours, revision=revision, former=former))
            former = now
    wanted = oracle.standing_alerts(
        facts,
        [
            oracle.PartnerDays(c.parcours_id, c.student_id, c.uai, c.revision, frozenset(s.first for s in c.days))
            for c in changes
        ],
    )
    heard_facts, heard_changes = reports + chance.sample(reports, 40), changes + chance.sample(changes, 10)
    chance.shuffle(heard_facts)
    chance.shuffle(heard_changes)

    async def tell() -> None:
        for report, fact_id in heard_facts:
            await suite.tell(report, fact_id=fact_id)

    async def say() -> None:
        for change in heard_changes:
            await suite.say(change)
            await asyncio.sleep(0.01)

    await asyncio.gather(tell(), say())

    async def same() -> bool:
        return await suite.standing() == wanted

    await eventually(same)
