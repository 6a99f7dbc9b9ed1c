"""What a well-formed event must also respect: the directory, the sender's schools, the calendar, the clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from contracts.directory import School
from contracts.incoming import CancelAbsence, EnrolStudent, Incoming, JustifyAbsence, ReportAbsence, StrikeOffStudent
from services.intake.calendar import SchoolCalendar
from services.intake.codes import Code
from services.intake.drafts import Draft
from services.intake.senders import Sender
from services.intake.verdicts import Refusal

_CLOCKS_DIFFER_BY = timedelta(days=1)
_ENROLLED_AHEAD = timedelta(days=366)
_OLDEST_BIRTH = timedelta(days=100 * 366)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules as they stand for one batch: at this moment, with this directory."""

    calendar: SchoolCalendar
    schools: Mapping[str, School]
    now: datetime
    today: date

    def objection(self, sender: Sender, draft: Draft) -> Refusal | None:
        """Why what this sender says is refused, whoever the pupil is; None if it is not."""
        data = draft.data
        school = self.schools.get(data.uai)
        if school is None:
            return Refusal("data.uai", Code.UNKNOWN_SCHOOL)
        if not sender.speaks_for(data.uai):
            return Refusal("data.uai", Code.SCHOOL_NOT_ALLOWED)
        # Schools' clocks are wrong by hours at times. A time years ahead would win over every
        # correction to come.
        if draft.time is not None and draft.time > self.now + _CLOCKS_DIFFER_BY:
            return Refusal("time", Code.TIME_IN_FUTURE)
        return self._day_objection(data, school)

    def _day_objection(self, data: Incoming, school: School) -> Refusal | None:
        if isinstance(data, ReportAbsence | JustifyAbsence | CancelAbsence):
            code = self._too_late(data.date) or self.calendar.objection(data.date, school.zone)
            return Refusal("data.date", code) if code else None
        if isinstance(data, StrikeOffStudent):
            code = self._too_late(data.on) or (Code.TOO_OLD if data.on < self.calendar.first_day else None)
            return Refusal("data.on", code) if code else None
        return self._enrolment_objection(data) if isinstance(data, EnrolStudent) else None

    def _enrolment_objection(self, data: EnrolStudent) -> Refusal | None:
        if data.since and data.since > self.today + _ENROLLED_AHEAD:
            return Refusal("data.since", Code.DATE_IN_FUTURE)
        if data.birth_date and data.birth_date > self.today:
            return Refusal("data.birth_date", Code.DATE_IN_FUTURE)
        if data.birth_date and data.birth_date < self.today - _OLDEST_BIRTH:
            return Refusal("data.birth_date", Code.TOO_OLD)
        return None

    def _too_late(self, day: date) -> Code | None:
        return Code.DATE_IN_FUTURE if day > self.today else None
