"""Facts become rows: in whatever batches they come, however often, in whatever order the streams are read."""

import random
from datetime import date, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4, uuid5

import psycopg
import pytest

from contracts.alerts import CloseMotive, FollowUp, LiftCause
from contracts.envelope import Envelope
from contracts.examples import (
    alert_acknowledged,
    alert_closed,
    alert_lifted,
    evidence_changed,
    follow_up_recorded,
    mail_failed,
    mail_requested,
    mail_sent,
    pupil_forgotten,
    pupil_identified,
    student_enrolled,
    student_erased,
    student_left,
    threshold_approached,
    threshold_reached,
)
from contracts.examples.common import NOW, STUDENT, half_days
from tests.real.projections.house import HERE, ReadModels


def alerts_of(dice: random.Random, pupils: int = 12) -> list[Envelope[Any]]:
    """A life of alerts: what the alerts service could say of some pupils, interleaved, each in order."""
    lives = []
    for _ in range(pupils):
        student, alert = UUID(int=dice.getrandbits(128)), UUID(int=dice.getrandbits(128))
        ids: dict[str, Any] = {"student_id": student, "alert_id": alert}
        moments = iter(NOW + timedelta(minutes=minute) for minute in range(100))
        life: list[Envelope[Any]] = [
            threshold_approached(student_id=student, uai=HERE, time=next(moments)),
            threshold_reached(uai=HERE, **ids, time=next(moments)),
        ]
        for count in range(5, 5 + dice.randint(0, 4)):
            changed = evidence_changed(
                student_id=student, alert_ids=(alert,), counted=half_days(count), time=next(moments)
            )
            life.append(changed)
        acts = [
            lambda at, ids=ids: alert_acknowledged(**ids, time=at, command_id=uuid4()),
            lambda at, ids=ids: follow_up_recorded(
                **ids, time=at, kind=dice.choice(list(FollowUp)), on=date(2025, 10, 9), command_id=uuid4()
            ),
            lambda at, ids=ids: alert_lifted(**ids, time=at, cause=LiftCause.JUSTIFIED),
            lambda at, student=student: threshold_approached(student_id=student, uai=HERE, time=at),
            lambda at, ids=ids: alert_closed(**ids, time=at, motive=CloseMotive.OTHER, command_id=uuid4()),
        ]
        life += [act(next(moments)) for act in acts[: dice.randint(0, len(acts))]]
        lives.append(life)
    told = []
    while lives:
        life = dice.choice(lives)
        told.append(life.pop(0))
        lives = [each for each in lives if each]
    return told


def test_a_batch_reads_no_table_whole_however_much_it_grew_since_its_statements_were_planned(
    models: ReadModels,
) -> None:
    """Trap: what was planned while tables were empty is not planned again until the server looks at their size."""
    dice = random.Random(1)
    for _ in range(10):
        models.handle(alerts_of(dice, pupils=2))
    models.handle(alerts_of(dice, pupils=2_000))
    assert models.handle(alerts_of(dice, pupils=2)) < 200


@pytest.mark.parametrize("seed", range(8))
def test_the_size_of_batches_makes_no_difference_and_neither_do_replays(models: ReadModels, seed: int) -> None:
    dice = random.Random(seed)
    told = alerts_of(dice)
    models.handle(told)
    whole = models.content()
    assert len(whole["alerts"]) == 12
    models.empty()
    models.handle_in_pieces(told, dice)
    assert models.content() == whole
    # A stream that was rebuilt is read again from its beginning.
    models.handle_in_pieces(told, dice)
    assert models.content() == whole


def test_an_email_in_doubt_stays_so_across_batches(models: ReadModels) -> None:
    for steps, state in (
        ([mail_requested()], "requested"),
        ([mail_failed(outcome="uncertain", attempt=1)], "uncertain"),
        ([mail_failed(outcome="deferred", attempt=2)], "uncertain"),
        ([mail_sent(attempt=3, doubtful=True)], "sent"),
    ):
        models.handle(steps)
        ((_, _, _, found, _, doubtful, _),) = models.content("mails")["mails"]
        assert (found, doubtful) == (state, state != "requested")


def whole_mail(models: ReadModels) -> Any:
    """Every column of the one e-mail there is."""
    with models.database.transaction() as tx:
        ((row,),) = tx.execute("SELECT to_jsonb(m) FROM mails AS m").fetchall()
    return row


@pytest.mark.parametrize("outcome", ["deferred", "uncertain", "refused"])
def test_an_email_is_shown_alike_in_whatever_batches_its_facts_came(models: ReadModels, outcome: Any) -> None:
    """A rebuild reads in one batch what came one by one; nobody could be written to at first."""
    told = [
        mail_requested(actor_id=None),
        mail_failed(outcome="unaddressed", attempt=0, smtp_code=None, actor_id=None),
        mail_failed(attempt=1, actor_id="chef_etab-1"),
        mail_failed(outcome=outcome, attempt=2, actor_id="chef_etab-1"),
        mail_sent(attempt=3, actor_id="chef_etab-1"),
    ]
    for length in range(1, len(told) + 1):
        models.empty()
        models.handle(told[:length])
        at_once = whole_mail(models)
        models.empty()
        for each in told[:length]:
            models.handle([each])
        assert whole_mail(models) == at_once


def test_the_streams_may_be_read_in_any_order(models: ReadModels) -> None:
    batches = [
        [threshold_reached(uai=HERE)],
        [pupil_identified(uai=HERE)],
        [student_enrolled(uai=HERE), student_left(uai=HERE, time=NOW + timedelta(days=1))],
        [mail_requested(uai=HERE), mail_sent(uai=HERE)],
    ]
    seen = []
    for order in permutations(batches):
        models.empty()
        for batch in order:
            models.handle(batch)
        seen.append(models.content())
    assert all(each == seen[0] for each in seen)


def test_an_erased_pupil_is_gone_from_every_table_whatever_was_read_first(models: ReadModels) -> None:
    batches = [
        [threshold_approached(), threshold_reached(), alert_acknowledged()],
        [pupil_identified()],
        [student_enrolled()],
        [mail_requested(), mail_failed(outcome="cancelled")],
        [student_erased()],
    ]
    for order in permutations(batches):
        models.empty()
        for batch in order:
            models.handle(batch)
        content = models.content()
        mails = content.pop("mails")
        assert not any(content.values())
        assert [(mail[1], mail[2], mail[3]) for mail in mails] == [(None, None, "cancelled")]


def test_others_keep_what_is_theirs_when_a_pupil_is_erased(models: ReadModels) -> None:
    other = uuid5(STUDENT, "other")
    models.handle([threshold_reached(), threshold_reached(student_id=other, alert_id=other)])
    models.handle([alert_acknowledged(), alert_acknowledged(alert_id=other)])
    models.handle([student_erased()])
    assert [row[0] for row in models.content("alerts")["alerts"]] == [other]
    assert [row[0] for row in models.content("timeline")["timeline"]] == [other]


def test_what_was_in_quarantine_about_an_erased_pupil_goes_too(models: ReadModels) -> None:
    with models.database.transaction() as tx:
        tx.execute(
            "INSERT INTO quarantine (consumer, stream, position, partition, key, subject, msg_id, reason, payload)"
            " VALUES ('projections-register', 'REGISTER', 1, 0, %s, 's', '1', 'r', 'x')",
            (str(STUDENT),),
        )
    models.handle([student_erased()])
    with models.database.transaction() as tx:
        assert tx.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)


def test_a_forgotten_identity_is_gone_and_its_alerts_stay(models: ReadModels) -> None:
    models.handle([threshold_reached()])
    models.handle([pupil_identified()])
    models.handle([pupil_forgotten()])
    assert models.content("identities")["identities"] == []
    assert len(models.content("alerts")["alerts"]) == 1


def test_a_pupil_who_left_and_came_back_is_on_the_roll(models: ReadModels) -> None:
    models.handle([student_left(time=NOW)])
    models.handle([student_enrolled(class_name="2A", time=NOW - timedelta(days=30))])
    models.handle([student_enrolled(class_name="2B", time=NOW + timedelta(days=5))])
    ((_, _, class_name, left_on),) = models.content("enrolments")["enrolments"]
    assert (class_name, left_on) == ("2B", date(2025, 10, 10))


def test_a_value_the_database_refuses_takes_nothing_else_with_it(models: ReadModels) -> None:
    bad = pupil_identified(last_name="NUL\x00")
    with pytest.raises(psycopg.DataError):
        models.handle([pupil_identified(student_id=uuid4()), bad])
    assert models.content("identities")["identities"] == []
