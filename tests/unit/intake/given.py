"""Words for the tests of the door: an event as a school writes it, a school, a moment."""

import json
from datetime import UTC, date, datetime
from typing import Any

from contracts.directory import School, SchoolType
from contracts.incoming import EnrolStudent, Incoming, ReportAbsence, StrikeOffStudent

UAI, OTHER_UAI = "0310000G", "0090001C"
INE = "123456789AB"
NOW = datetime(2025, 11, 14, 16, 0, tzinfo=UTC)
SCHOOL_DAY = date(2025, 10, 6)

SCHOOLS = {
    uai: School(uai=uai, name=name, type=SchoolType.LP, department="031")
    for uai, name in ((UAI, "Lycée Saint-Martin"), (OTHER_UAI, "Lycée du Lac"))
}


def absence_data(**changes: Any) -> dict[str, Any]:
    return {"ine": INE, "uai": UAI, "date": SCHOOL_DAY.isoformat(), "period": "MORNING"} | changes


def event(
    data: Any = None, kind: type[Incoming] = ReportAbsence, drop: tuple[str, ...] = (), **changes: Any
) -> dict[str, Any]:
    """An absence reported, with changes."""
    whole = {
        "specversion": "1.0",
        "id": "vs-0001",
        "source": "vie-scolaire/0310000G",
        "type": kind.TYPE,
        "time": "2025-10-06T09:00:00+02:00",
        "data": absence_data() if data is None else data,
    } | changes
    return {name: value for name, value in whole.items() if name not in drop}


def absence(drop: tuple[str, ...] = (), **data: Any) -> dict[str, Any]:
    return event({name: value for name, value in absence_data(**data).items() if name not in drop})


def enrolment(**data: Any) -> dict[str, Any]:
    return event({"ine": INE, "uai": UAI} | data, EnrolStudent)


def departure(**data: Any) -> dict[str, Any]:
    return event({"ine": INE, "uai": UAI, "on": "2025-11-03"} | data, StrikeOffStudent)


def as_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()
