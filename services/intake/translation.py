"""What a school said about an INE becomes a fact about a pseudonym. Pure."""

from typing import Any
from uuid import UUID

from contracts.envelope import Payload
from contracts.incoming import (
    CancelAbsence,
    EnrolStudent,
    Incoming,
    JustifyAbsence,
    ReportAbsence,
    StrikeOffStudent,
)
from contracts.school import (
    AbsenceCancelled,
    AbsenceJustified,
    AbsenceReported,
    StudentEnrolled,
    StudentLeft,
)


def fact_of(data: Incoming, student_id: UUID) -> tuple[type[Payload], dict[str, Any]]:
    """The fact that other services read: its contract and its fields. Names and the INE stay behind."""
    fields: dict[str, Any] = {"student_id": student_id, "uai": data.uai}
    match data:
        case ReportAbsence():
            fields |= {"half_day": _half_day(data), "justified": data.justified, "category": data.category}
            return AbsenceReported, fields
        case JustifyAbsence():
            return AbsenceJustified, fields | {"half_day": _half_day(data), "category": data.category}
        case CancelAbsence():
            return AbsenceCancelled, fields | {"half_day": _half_day(data)}
        case EnrolStudent():
            kept = {"since": data.since, "class_name": data.class_name, "mef": data.mef, "status": data.status}
            return StudentEnrolled, fields | kept
        case StrikeOffStudent():
            return StudentLeft, fields | {"on": data.on}
        case _:
            raise TypeError(f"no fact is defined for {type(data).__name__}")


def _half_day(data: ReportAbsence | JustifyAbsence | CancelAbsence) -> dict[str, Any]:
    return {"date": data.date, "period": data.period}
