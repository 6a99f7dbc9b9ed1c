"""Facts as a school's own software would send them: CloudEvents, with the sender's id, source and time."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from cli.simulator.academy import SimPupil
from contracts.identifiers import HalfDay, Period
from contracts.incoming import (
    CancelAbsence,
    EnrolStudent,
    Incoming,
    JustifyAbsence,
    ReportAbsence,
    StrikeOffStudent,
)
from contracts.school import ReasonCategory

PARIS = ZoneInfo("Europe/Paris")
ROLL_CALL = {Period.MORNING: time(8, 30), Period.AFTERNOON: time(14, 0)}
ROLL_CALL_LASTS_MIN = 150


@dataclass(frozen=True, slots=True)
class SimEvent:
    """One event of a school; `flaw` names what makes it refusable, "" when it is good."""

    uai: str
    id: str
    type: str
    time: datetime
    data: dict[str, Any]
    flaw: str = ""

    def body(self) -> dict[str, Any]:
        """The CloudEvent, ready to be written as JSON."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": f"vie-scolaire/{self.uai}",
            "type": self.type,
            "time": self.time.isoformat(),
            "datacontenttype": "application/json",
            "data": self.data,
        }


def batch(events: list[SimEvent]) -> bytes:
    """A CloudEvents batch: a JSON array."""
    return msgspec.json.encode([event.body() for event in events])


def roll_call(half_day: HalfDay, minute: int) -> datetime:
    """When the absence was entered: `minute` minutes after the roll call of that half-day began."""
    started = datetime.combine(half_day.date, ROLL_CALL[half_day.period], PARIS)
    return started + timedelta(minutes=minute)


class SchoolDesk:
    """The software of one school: gives each event its number."""

    def __init__(self, uai: str) -> None:
        self.uai = uai
        self._sent = 0

    def enrol(self, pupil: SimPupil, on: datetime, since: date) -> SimEvent:
        """The pupil is on the roll."""
        return self._event(
            EnrolStudent,
            on,
            pupil.ine,
            last_name=pupil.last_name.upper(),
            first_name=pupil.first_name,
            birth_date=pupil.birth_date,
            class_name=pupil.class_name,
            mef=pupil.mef,
            status=pupil.status,
            since=since,
        )

    def strike_off(self, pupil: SimPupil, on: datetime) -> SimEvent:
        """The pupil left."""
        return self._event(StrikeOffStudent, on, pupil.ine, on=on.date())

    def report(self, ine: str, half_day: HalfDay, at: datetime, category: ReasonCategory | None = None) -> SimEvent:
        """The pupil was not there; justified when there is a `category`."""
        known = {"justified": True, "category": category} if category else {"justified": False}
        return self._event(ReportAbsence, at, ine, **_when(half_day), **known)

    def justify(self, ine: str, half_day: HalfDay, at: datetime, category: ReasonCategory) -> SimEvent:
        """The reason came later."""
        return self._event(JustifyAbsence, at, ine, **_when(half_day), category=category)

    def cancel(self, ine: str, half_day: HalfDay, at: datetime) -> SimEvent:
        """It was an entry error."""
        return self._event(CancelAbsence, at, ine, **_when(half_day))

    def number(self) -> str:
        """The id of the next event: unique within the school, silent about the pupil."""
        self._sent += 1
        return f"{self.uai}-{self._sent:07d}"

    def _event(self, kind: type[Incoming], at: datetime, ine: str, **data: Any) -> SimEvent:
        return SimEvent(self.uai, self.number(), kind.TYPE, at, {"ine": ine, "uai": self.uai, **data})


def _when(half_day: HalfDay) -> dict[str, Any]:
    return {"date": half_day.date, "period": half_day.period}
