"""Examples of school facts and of identities."""

from datetime import date
from typing import Unpack
from uuid import UUID

from contracts.envelope import Envelope
from contracts.examples.common import FIRST, INE, STUDENT, UAI, Sent, envelope
from contracts.identifiers import HalfDay
from contracts.register import PupilForgotten, PupilIdentified
from contracts.school import (
    AbsenceCancelled,
    AbsenceJustified,
    AbsenceReported,
    PupilStatus,
    ReasonCategory,
    StudentEnrolled,
    StudentErased,
    StudentLeft,
)


def student_enrolled(
    *,
    student_id: UUID = STUDENT,
    uai: str = UAI,
    since: date | None = date(2025, 9, 1),
    class_name: str | None = "1MELEC2",
    mef: str | None = "24725521331",
    status: PupilStatus = PupilStatus.STUDENT,
    **sent: Unpack[Sent],
) -> Envelope[StudentEnrolled]:
    """A pupil on the roll."""
    enrolled = StudentEnrolled(
        student_id=student_id, uai=uai, since=since, class_name=class_name, mef=mef, status=status
    )
    return envelope(enrolled, student_id, **sent)


def student_left(
    *, student_id: UUID = STUDENT, uai: str = UAI, on: date = date(2025, 10, 10), **sent: Unpack[Sent]
) -> Envelope[StudentLeft]:
    """A pupil struck off the roll."""
    return envelope(StudentLeft(student_id=student_id, uai=uai, on=on), student_id, **sent)


def student_erased(*, student_id: UUID = STUDENT, **sent: Unpack[Sent]) -> Envelope[StudentErased]:
    """A pupil whose identity was erased."""
    return envelope(StudentErased(student_id=student_id), student_id, **sent)


def absence_reported(
    *,
    student_id: UUID = STUDENT,
    uai: str = UAI,
    half_day: HalfDay = FIRST,
    justified: bool = False,
    category: ReasonCategory | None = None,
    **sent: Unpack[Sent],
) -> Envelope[AbsenceReported]:
    """A half-day missed, without excuse unless told."""
    reported = AbsenceReported(
        student_id=student_id, uai=uai, half_day=half_day, justified=justified, category=category
    )
    return envelope(reported, student_id, **sent)


def absence_justified(
    *,
    student_id: UUID = STUDENT,
    uai: str = UAI,
    half_day: HalfDay = FIRST,
    category: ReasonCategory | None = ReasonCategory.HEALTH,
    **sent: Unpack[Sent],
) -> Envelope[AbsenceJustified]:
    """A half-day whose reason was accepted."""
    justified = AbsenceJustified(student_id=student_id, uai=uai, half_day=half_day, category=category)
    return envelope(justified, student_id, **sent)


def absence_cancelled(
    *,
    student_id: UUID = STUDENT,
    uai: str = UAI,
    half_day: HalfDay = FIRST,
    **sent: Unpack[Sent],
) -> Envelope[AbsenceCancelled]:
    """A half-day entered by mistake."""
    cancelled = AbsenceCancelled(student_id=student_id, uai=uai, half_day=half_day)
    return envelope(cancelled, student_id, **sent)


def pupil_identified(
    *,
    student_id: UUID = STUDENT,
    ine: str = INE,
    uai: str | None = UAI,
    last_name: str | None = "MARTIN-EXEMPLE",
    first_name: str | None = "Camille",
    birth_date: date | None = date(2009, 5, 17),
    class_name: str | None = "1MELEC2",
    **sent: Unpack[Sent],
) -> Envelope[PupilIdentified]:
    """Who a pseudonymous id is (invented)."""
    identified = PupilIdentified(
        student_id=student_id,
        ine=ine,
        uai=uai,
        last_name=last_name,
        first_name=first_name,
        birth_date=birth_date,
        class_name=class_name,
    )
    return envelope(identified, student_id, **sent)


def pupil_forgotten(*, student_id: UUID = STUDENT, **sent: Unpack[Sent]) -> Envelope[PupilForgotten]:
    """An identity erased from the register."""
    return envelope(PupilForgotten(student_id=student_id), student_id, **sent)
