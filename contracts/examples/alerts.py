"""Examples of what the regulation makes of absences."""

from collections.abc import Sequence
from datetime import date
from typing import Unpack
from uuid import UUID

from contracts.alerts import (
    AbsenceThresholdReached,
    AlertAcknowledged,
    AlertClosed,
    AlertEvidenceChanged,
    AlertLifted,
    CloseMotive,
    CountedHalfDay,
    Evidence,
    FollowUp,
    FollowUpRecorded,
    LeftOutHalfDay,
    Level,
    LiftCause,
    Rule,
    Tally,
    ThresholdApproached,
)
from contracts.envelope import Envelope
from contracts.examples.common import (
    ALERT,
    ATTENDANCE,
    COMMAND,
    HEAD,
    STUDENT,
    UAI,
    Sent,
    envelope,
    half_days,
)
from contracts.identifiers import HalfDay, month_of, school_year_of
from contracts.school import ReasonCategory

SOURCE = "/services/alerts"
RULES = {
    1: Rule(id="ABS-11", version="2019-09-02", threshold=4),
    2: Rule(id="ABS-12", version="2019-09-02", threshold=10),
}


def tally(counted: Sequence[HalfDay], justified: Sequence[HalfDay] = (), uai: str = UAI) -> Tally:
    """The half-days of a month: those that count, and those that a reason leaves out."""
    return Tally(
        counted=tuple(CountedHalfDay(half_day=h, uai=uai) for h in counted),
        left_out=tuple(
            LeftOutHalfDay(half_day=h, uai=uai, why="justified", category=ReasonCategory.HEALTH) for h in justified
        ),
    )


def evidence(
    counted: Sequence[HalfDay], justified: Sequence[HalfDay] = (), *, level: Level = 1, uai: str = UAI
) -> Evidence:
    """Why an alert stands, or does not any more."""
    part = tally(counted, justified, uai)
    return Evidence(counted=part.counted, left_out=part.left_out, rule=RULES[level])


def _said(sent: Sent) -> Sent:
    return {"source": SOURCE, **sent}


def threshold_approached(
    *,
    level: Level = 1,
    counted: Sequence[HalfDay] = (),
    student_id: UUID = STUDENT,
    uai: str = UAI,
    **sent: Unpack[Sent],
) -> Envelope[ThresholdApproached]:
    """One half-day is missing to reach `level`; `counted` tells which half-days there are."""
    counted = counted or half_days(RULES[level].threshold - 1)
    approached = ThresholdApproached(
        student_id=student_id,
        uai=uai,
        school_year=school_year_of(counted[-1].date),
        month=month_of(counted[-1].date),
        level=level,
        half_days=len(counted),
        evidence=evidence(counted, level=level, uai=uai),
    )
    return envelope(approached, student_id, **_said(sent))


def threshold_reached(
    *,
    level: Level = 1,
    counted: Sequence[HalfDay] = (),
    student_id: UUID = STUDENT,
    uai: str = UAI,
    alert_id: UUID = ALERT,
    attendance_id: UUID = ATTENDANCE,
    **sent: Unpack[Sent],
) -> Envelope[AbsenceThresholdReached]:
    """An alert of `level`, raised by the last of `counted` (as many half-days as the threshold)."""
    counted = counted or half_days(RULES[level].threshold)
    reached = AbsenceThresholdReached(
        alert_id=alert_id,
        attendance_id=attendance_id,
        student_id=student_id,
        uai=uai,
        school_year=school_year_of(counted[-1].date),
        month=month_of(counted[-1].date),
        level=level,
        half_days=len(counted),
        reached_on=counted[-1],
        evidence=evidence(counted, level=level, uai=uai),
    )
    return envelope(reached, student_id, **_said(sent))


def evidence_changed(
    *,
    counted: Sequence[HalfDay] = (),
    justified: Sequence[HalfDay] = (),
    student_id: UUID = STUDENT,
    alert_ids: tuple[UUID, ...] = (ALERT,),
    **sent: Unpack[Sent],
) -> Envelope[AlertEvidenceChanged]:
    """The alerts still stand, on other half-days than before."""
    counted = counted or half_days(5)
    changed = AlertEvidenceChanged(
        student_id=student_id,
        alert_ids=alert_ids,
        month=month_of(counted[-1].date),
        half_days=len(counted),
        tally=tally(counted, justified),
    )
    return envelope(changed, student_id, **_said(sent))


def alert_acknowledged(
    *,
    student_id: UUID = STUDENT,
    alert_id: UUID = ALERT,
    by: str = HEAD,
    command_id: UUID = COMMAND,
    **sent: Unpack[Sent],
) -> Envelope[AlertAcknowledged]:
    """Someone took the alert in charge."""
    acknowledged = AlertAcknowledged(alert_id=alert_id, student_id=student_id, by=by, command_id=command_id)
    return envelope(acknowledged, student_id, **_said(sent))


def follow_up_recorded(
    *,
    student_id: UUID = STUDENT,
    alert_id: UUID = ALERT,
    by: str = HEAD,
    command_id: UUID = COMMAND,
    kind: FollowUp = FollowUp.FAMILY_CONTACTED,
    on: date = date(2025, 10, 10),
    **sent: Unpack[Sent],
) -> Envelope[FollowUpRecorded]:
    """Someone acted on the alert."""
    recorded = FollowUpRecorded(
        alert_id=alert_id, student_id=student_id, by=by, command_id=command_id, kind=kind, on=on
    )
    return envelope(recorded, student_id, **_said(sent))


def alert_lifted(
    *,
    student_id: UUID = STUDENT,
    alert_id: UUID = ALERT,
    cause: LiftCause = LiftCause.JUSTIFIED,
    counted: Sequence[HalfDay] = half_days(4)[1:],
    justified: Sequence[HalfDay] = half_days(1),
    level: Level = 1,
    **sent: Unpack[Sent],
) -> Envelope[AlertLifted]:
    """The count fell below the threshold."""
    lifted = AlertLifted(
        alert_id=alert_id,
        student_id=student_id,
        cause=cause,
        half_days=len(counted),
        evidence=evidence(counted, justified, level=level),
    )
    return envelope(lifted, student_id, **_said(sent))


def alert_closed(
    *,
    student_id: UUID = STUDENT,
    alert_id: UUID = ALERT,
    by: str = HEAD,
    command_id: UUID = COMMAND,
    motive: CloseMotive = CloseMotive.ATTENDANCE_RESTORED,
    **sent: Unpack[Sent],
) -> Envelope[AlertClosed]:
    """Someone closed the alert."""
    closed = AlertClosed(alert_id=alert_id, student_id=student_id, by=by, command_id=command_id, motive=motive)
    return envelope(closed, student_id, **_said(sent))
