"""The alerts service on real servers: school facts in, alerts out, commands answered."""

import random
from datetime import date, timedelta
from uuid import uuid4

import psycopg

from contracts import alerts, school
from contracts.commands import AcknowledgeAlert, CloseAlert, CommandReply, RecordFollowUp
from contracts.envelope import Payload
from contracts.streams import subject_of
from tests import oracle
from tests.real.alerts.suite import SCHOOL, START, Suite, half_day, missed, running
from tests.real.eventually import eventually


async def test_four_half_days_become_one_alert_with_its_evidence(suite: Suite) -> None:
    student = uuid4()
    await suite.tell(*missed(student, 4))
    (raised,) = await suite.tells(alerts.AbsenceThresholdReached)
    assert raised.subject == str(student)
    assert raised.causationid == "fact-4"
    assert raised.correlationid is not None
    assert (raised.data.level, raised.data.half_days, raised.data.month) == (1, 4, "2025-10")
    assert raised.data.reached_on == half_day(3)
    assert raised.data.evidence.rule.id == "ABS-11"
    assert [each.half_day for each in raised.data.evidence.counted] == [half_day(n) for n in range(4)]


async def test_a_late_justification_lifts_it_and_a_new_report_raises_another(suite: Suite) -> None:
    student = uuid4()
    await suite.tell(*missed(student, 4))
    await suite.tell(school.AbsenceJustified(student_id=student, uai=SCHOOL, half_day=half_day(0)), minute=10)
    (lifted,) = await suite.tells(alerts.AlertLifted)
    assert lifted.data.cause is alerts.LiftCause.JUSTIFIED
    await suite.tell(missed(student, 1)[0], minute=20)
    first, second = await suite.tells(alerts.AbsenceThresholdReached, 2)
    assert first.data.alert_id == lifted.data.alert_id != second.data.alert_id


async def test_people_take_charge_act_and_close(suite: Suite) -> None:
    await suite.tell(*missed(uuid4(), 4))
    (raised,) = await suite.tells(alerts.AbsenceThresholdReached)
    target = {"actor_id": "head-1", "attendance_id": raised.data.attendance_id, "alert_id": raised.data.alert_id}

    reply = await suite.ask(AcknowledgeAlert(command_id=uuid4(), **target))
    assert (reply.outcome, reply.state) == ("done", alerts.AlertState.ACKNOWLEDGED)
    follow_up = RecordFollowUp(
        command_id=uuid4(), kind=alerts.FollowUp.FAMILY_CONTACTED, on=date(2025, 10, 10), **target
    )
    assert (await suite.ask(follow_up)).state == alerts.AlertState.FOLLOWED_UP
    assert (await suite.ask(follow_up)).state == alerts.AlertState.FOLLOWED_UP  # again: nothing more
    close = CloseAlert(command_id=uuid4(), motive=alerts.CloseMotive.ATTENDANCE_RESTORED, **target)
    assert (await suite.ask(close)).state == alerts.AlertState.CLOSED

    refused = await suite.ask(AcknowledgeAlert(command_id=uuid4(), **target))
    assert (refused.outcome, refused.code) == ("refused", "alert_closed")
    assert refused.reason
    (closed,) = await suite.tells(alerts.AlertClosed)
    assert closed.data.by == "head-1"
    assert len(await suite.told(alerts.FollowUpRecorded)) == 1


async def test_a_command_that_is_no_command_is_refused_not_ignored(suite: Suite) -> None:
    answer = await suite.nats.client.request(AcknowledgeAlert.SUBJECT, b'{"alert_id": "nonsense"}', timeout=10)
    assert CommandReply.model_validate_json(answer.data).code == "invalid_command"


async def test_nothing_more_is_said_of_an_erased_pupil(suite: Suite) -> None:
    erased, other = uuid4(), uuid4()
    await suite.tell(*missed(erased, 3), school.StudentErased(student_id=erased))
    await suite.tell(missed(erased, 4)[3], *missed(other, 4))
    (raised,) = await suite.tells(alerts.AbsenceThresholdReached)
    assert raised.data.student_id == other


async def test_a_message_no_one_can_read_is_put_aside_and_the_rest_goes_on(suite: Suite, postgres_url: str) -> None:
    student = uuid4()
    await suite.nats.js.publish(subject_of("school", student, "absence_reported"), b'{"not": "a fact"}')
    await suite.tell(*missed(student, 4))
    await suite.tells(alerts.AbsenceThresholdReached)
    with psycopg.connect(postgres_url) as connection:
        (kept,) = connection.execute("SELECT stream, position, payload, reason FROM alerts.quarantine").fetchall()
    assert kept[:3] == ("SCHOOL", 1, b'{"not": "a fact"}')
    assert kept[3]


async def test_a_restart_reads_nothing_twice(nats_url: str, postgres_url: str) -> None:
    student = uuid4()
    async with running(nats_url, postgres_url) as suite:
        await suite.tell(*missed(student, 3))
        await suite.tells(alerts.ThresholdApproached)
    async with running(nats_url, postgres_url) as suite:
        await suite.tell(school.AbsenceReported(student_id=student, uai=SCHOOL, half_day=half_day(3)))
        await suite.tells(alerts.AbsenceThresholdReached)
        assert len(await suite.told(alerts.ThresholdApproached)) == 1


async def test_shuffled_repeated_facts_of_many_pupils_end_in_the_oracle_s_alerts(suite: Suite) -> None:
    chance = random.Random(20251006)
    pupils = [uuid4() for _ in range(12)]
    facts: list[tuple[Payload, int, str]] = []
    expected: list[oracle.Fact] = []
    for number in range(260):
        pupil, slot, minute = chance.choice(pupils), half_day(chance.randrange(24)), chance.randrange(5)
        kind, says = chance.choices(
            [
                (school.AbsenceReported, "unjustified"),
                (school.AbsenceJustified, "justified"),
                (school.AbsenceCancelled, "cancelled"),
            ],
            [6, 1, 1],
        )[0]
        facts.append((kind(student_id=pupil, uai=SCHOOL, half_day=slot), minute, f"f{number}"))
        time = START + timedelta(minutes=minute)
        expected.append(
            oracle.Fact(pupil, slot.date, slot.period, says, time, f"f{number}", "/vie-scolaire")  # type: ignore[arg-type]
        )
    again = chance.sample(facts, 60)
    told = facts + again
    chance.shuffle(told)
    for data, minute, fact_id in told:
        await suite.tell(data, minute=minute, fact_id=fact_id)
    wanted = oracle.standing_alerts(expected)

    async def same() -> bool:
        return await suite.standing() == wanted

    await eventually(same)
