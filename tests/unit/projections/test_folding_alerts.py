import json
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from contracts.alerts import CloseMotive, FollowUp, LiftCause
from contracts.examples import (
    alert_acknowledged,
    alert_closed,
    alert_lifted,
    evidence_changed,
    follow_up_recorded,
    threshold_approached,
    threshold_reached,
)
from contracts.examples.common import ALERT, half_days
from services.projections.folding.alerts import AlertsFold
from tests.unit.projections.given import folded

MORNING = datetime(2025, 10, 10, 8, tzinfo=UTC)


def test_an_alert_raised_in_the_batch_is_written_once_as_the_batch_leaves_it() -> None:
    fold = folded(
        AlertsFold(),
        [
            threshold_reached(time=MORNING),
            evidence_changed(counted=half_days(5), justified=half_days(1), time=MORNING + timedelta(hours=1)),
            alert_acknowledged(by="cpe-1", time=MORNING + timedelta(hours=2)),
        ],
    )
    assert not fold.changed
    (row,) = fold.raised.values()
    assert (row.state, row.half_days, row.act, row.act_by) == ("acknowledged", 5, "acknowledged", "cpe-1")
    tally = json.loads(bytes(row.tally))
    assert (len(tally["counted"]), len(tally["left_out"])) == (5, 1)
    assert json.loads(bytes(row.rule))["id"] == "ABS-11"
    assert row.counted_at == (MORNING + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert [entry.kind for entry in fold.happened] == ["acknowledged"]


def test_an_alert_keeps_how_it_was_raised_whatever_becomes_of_its_count() -> None:
    raised = threshold_reached(time=MORNING)
    fold = folded(AlertsFold(), [raised, evidence_changed(counted=half_days(6)), alert_lifted()])
    row = fold.raised[str(ALERT)]
    assert (row.raised_event, row.raised_half_days) == (raised.id, raised.data.half_days)
    assert row.raised_at == MORNING.isoformat().replace("+00:00", "Z")
    assert row.half_days != row.raised_half_days


def test_an_alert_raised_earlier_is_changed_by_no_more_than_the_batch_says() -> None:
    fold = folded(AlertsFold(), [evidence_changed(counted=half_days(6))])
    assert not fold.raised
    (change,) = fold.changed.values()
    assert (change.half_days, change.state, change.rule, change.act) == (6, None, None, None)


def test_changed_evidence_keeps_the_rule_and_reaches_every_alert_it_names() -> None:
    other = uuid4()
    fold = folded(AlertsFold(), [threshold_reached(), evidence_changed(alert_ids=(ALERT, other))])
    assert json.loads(bytes(fold.raised[str(ALERT)].rule))["threshold"] == 4
    assert set(fold.changed) == {str(other)}


def test_a_lifted_alert_shows_the_evidence_of_its_lifting_and_the_cause_in_its_timeline() -> None:
    fold = folded(AlertsFold(), [threshold_reached(), evidence_changed(), alert_lifted(cause=LiftCause.CANCELLED)])
    row = fold.raised[str(ALERT)]
    assert (row.state, row.half_days) == ("lifted", 3)
    assert len(json.loads(bytes(row.tally))["counted"]) == 3
    assert (fold.happened[-1].kind, fold.happened[-1].detail) == ("lifted", "CANCELLED")


def test_each_act_of_a_person_is_the_last_one_in_turn() -> None:
    fold = folded(
        AlertsFold(),
        [
            alert_acknowledged(),
            follow_up_recorded(kind=FollowUp.GPDS, on=date(2025, 10, 9)),
            alert_closed(motive=CloseMotive.REFERRED),
        ],
    )
    (change,) = fold.changed.values()
    assert (change.state, change.act) == ("closed", "REFERRED")
    assert [(entry.detail, entry.on_day) for entry in fold.happened] == [
        (None, None),
        ("GPDS", "2025-10-09"),
        ("REFERRED", None),
    ]
    assert all(entry.command_id for entry in fold.happened)


def test_the_last_early_warning_of_a_pupil_a_month_and_a_level_stands() -> None:
    fold = folded(
        AlertsFold(),
        [threshold_approached(time=MORNING), threshold_approached(level=2), threshold_approached(time=MORNING)],
    )
    assert sorted(key[2] for key in fold.approached) == [1, 2]


def test_an_early_warning_that_an_alert_overtakes_is_taken_out_and_may_come_back() -> None:
    near, over = threshold_approached(time=MORNING), threshold_reached()
    fold = folded(AlertsFold(), [near, over])
    assert not fold.approached
    (reached,) = fold.reached
    assert reached == (str(over.data.student_id), over.data.month, over.data.level)
    fold = folded(AlertsFold(), [near, over, alert_lifted(), threshold_approached(time=MORNING + timedelta(days=1))])
    assert list(fold.approached) == [reached]
