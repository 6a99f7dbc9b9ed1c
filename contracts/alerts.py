"""What the regulation makes of absences (stream ALERTS)."""

from datetime import date
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.envelope import Payload
from contracts.identifiers import ActorId, HalfDay, Month, SchoolYear, StudentId, Uai
from contracts.school import ReasonCategory

Level = Literal[1, 2]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Rule(_Part):
    """The rule an alert rests on, as it was in force: id, version (date), threshold in half-days."""

    id: str
    version: str
    threshold: int
    window: Literal["calendar_month"] = "calendar_month"


class CountedHalfDay(_Part):
    """A half-day that counts, and the school that reported it (rule AMB-11)."""

    half_day: HalfDay
    uai: Uai


class LeftOutHalfDay(_Part):
    """A half-day that does not count, and why; `in_parcours`: the pupil was with a partner (rule AMB-10)."""

    half_day: HalfDay
    uai: Uai
    why: Literal["justified", "cancelled", "in_parcours"]
    category: ReasonCategory | None = None


class Tally(_Part):
    """The half-days of one month, in order: those that count, and those left out with the reason."""

    counted: tuple[CountedHalfDay, ...]
    left_out: tuple[LeftOutHalfDay, ...]


class Evidence(Tally):
    """Why this alert: the tally of its month, and the rule it was held against."""

    rule: Rule


class LiftCause(StrEnum):
    """What made the count fall below the threshold (rules AMB-7, AMB-10)."""

    JUSTIFIED = "JUSTIFIED"
    CANCELLED = "CANCELLED"
    IN_PARCOURS = "IN_PARCOURS"


class FollowUp(StrEnum):
    """The actions that answer an alert (rules ABS-10 to ABS-12)."""

    FAMILY_CONTACTED = "FAMILY_CONTACTED"
    INTERVIEW = "INTERVIEW"
    GPDS = "GPDS"
    COMMISSION_EDUCATIVE = "COMMISSION_EDUCATIVE"
    ENGAGEMENT_SIGNED = "ENGAGEMENT_SIGNED"
    REFERENT_APPOINTED = "REFERENT_APPOINTED"
    DASEN_REFERRAL = "DASEN_REFERRAL"
    OTHER = "OTHER"


class CloseMotive(StrEnum):
    """Why people close an alert."""

    ATTENDANCE_RESTORED = "ATTENDANCE_RESTORED"
    PARCOURS_OPENED = "PARCOURS_OPENED"
    PUPIL_LEFT = "PUPIL_LEFT"
    REFERRED = "REFERRED"
    OTHER = "OTHER"


class AlertState(StrEnum):
    """Where an alert stands in its life."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    FOLLOWED_UP = "followed_up"
    LIFTED = "lifted"
    CLOSED = "closed"


class ThresholdApproached(Payload, context="alerts", fact="threshold_approached"):
    """One half-day is missing to reach `level` in `month` (early warning, not a legal alert)."""

    student_id: StudentId
    uai: Uai
    school_year: SchoolYear
    month: Month
    level: Level
    half_days: int
    evidence: Evidence


class AbsenceThresholdReached(Payload, context="alerts", fact="absence_threshold_reached"):
    """The count of unjustified half-days in `month` reached `level` (rules ABS-11, ABS-12)."""

    alert_id: UUID
    attendance_id: UUID
    student_id: StudentId
    uai: Uai
    school_year: SchoolYear
    month: Month
    level: Level
    half_days: int
    reached_on: HalfDay
    evidence: Evidence


class AlertEvidenceChanged(Payload, context="alerts", fact="alert_evidence_changed"):
    """Another fact changed what alerts of `month` rest on. They still stand, but for one that people had closed."""

    student_id: StudentId
    alert_ids: tuple[UUID, ...]
    month: Month
    half_days: int
    tally: Tally


class AlertAcknowledged(Payload, context="alerts", fact="alert_acknowledged"):
    """Someone took the alert in charge."""

    alert_id: UUID
    student_id: StudentId
    by: ActorId
    command_id: UUID


class FollowUpRecorded(Payload, context="alerts", fact="follow_up_recorded"):
    """Someone acted: any real action answers the alert."""

    alert_id: UUID
    student_id: StudentId
    by: ActorId
    command_id: UUID
    kind: FollowUp
    on: date


class AlertLifted(Payload, context="alerts", fact="alert_lifted"):
    """The count fell below the threshold: the alert no longer stands, its history does (AMB-7, AMB-10)."""

    alert_id: UUID
    student_id: StudentId
    cause: LiftCause
    half_days: int
    evidence: Evidence


class AlertClosed(Payload, context="alerts", fact="alert_closed"):
    """Someone closed the alert, with a motive."""

    alert_id: UUID
    student_id: StudentId
    by: ActorId
    command_id: UUID
    motive: CloseMotive
