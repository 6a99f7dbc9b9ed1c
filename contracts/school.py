"""Facts that come from schools, once they are valid and pseudonymous (stream SCHOOL)."""

from datetime import date
from enum import StrEnum

from contracts.envelope import Payload
from contracts.identifiers import HalfDay, StudentId, Uai


class PupilStatus(StrEnum):
    """What ties the pupil to the school; apprentices of the lycée are included (rule TDO-05b)."""

    STUDENT = "STUDENT"
    APPRENTICE = "APPRENTICE"


class ReasonCategory(StrEnum):
    """Why a pupil was absent, as a category; the text of a reason is never kept (rule DP-14)."""

    HEALTH = "HEALTH"
    FAMILY = "FAMILY"
    TRANSPORT = "TRANSPORT"
    SCHOOL_ACTIVITY = "SCHOOL_ACTIVITY"
    ADMINISTRATIVE = "ADMINISTRATIVE"
    OTHER = "OTHER"


class StudentEnrolled(Payload, context="school", fact="student_enrolled"):
    """The pupil is on the roll of this school from `since` on."""

    student_id: StudentId
    uai: Uai
    since: date | None = None
    class_name: str | None = None
    mef: str | None = None
    status: PupilStatus = PupilStatus.STUDENT


class StudentLeft(Payload, context="school", fact="student_left"):
    """The pupil was struck off the roll of this school on `on`."""

    student_id: StudentId
    uai: Uai
    on: date


class StudentErased(Payload, context="school", fact="student_erased"):
    """The pupil's identity was erased: whoever holds anything about this id forgets it."""

    student_id: StudentId


class AbsenceReported(Payload, context="school", fact="absence_reported"):
    """The pupil missed this half-day, with or without a valid excuse (rules ABS-08, AMB-3)."""

    student_id: StudentId
    uai: Uai
    half_day: HalfDay
    justified: bool = False
    category: ReasonCategory | None = None


class AbsenceJustified(Payload, context="school", fact="absence_justified"):
    """A legitimate reason or valid excuse was accepted for this half-day (rule ABS-05)."""

    student_id: StudentId
    uai: Uai
    half_day: HalfDay
    category: ReasonCategory | None = None


class AbsenceCancelled(Payload, context="school", fact="absence_cancelled"):
    """The absence was entered by mistake: the pupil was there."""

    student_id: StudentId
    uai: Uai
    half_day: HalfDay
