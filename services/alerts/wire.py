"""What is read from the streams: the contracts, in the form that decodes fastest.

The door, or the parcours service, has already checked every value; what is checked here is the form. A test holds
these classes to the contracts of `contracts.school` and `contracts.parcours`, field by field.
"""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec


class HalfDay(msgspec.Struct, frozen=True, gc=False):
    """A half-day."""

    date: date
    period: Literal["MORNING", "AFTERNOON"]


class Absence(msgspec.Struct, frozen=True, gc=False):
    """What the three facts about a half-day have in common; `justified` is in the report only."""

    student_id: UUID
    uai: str
    half_day: HalfDay
    justified: bool = False
    category: str | None = None


class AboutHalfDay(msgspec.Struct, frozen=True, gc=False):
    """The envelope of a fact about a half-day."""

    id: str
    source: str
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    data: Absence


class Pupil(msgspec.Struct, frozen=True, gc=False):
    """A pupil, by pseudonym."""

    student_id: UUID


class AboutPupil(msgspec.Struct, frozen=True, gc=False):
    """The envelope of a fact about a pupil."""

    data: Pupil


class Span(msgspec.Struct, frozen=True, gc=False):
    """Days from `first` to `last`, both included."""

    first: date
    last: date


class PartnerDaysChanged(msgspec.Struct, frozen=True, gc=False):
    """The days a pupil spends with a partner, and those they replace."""

    parcours_id: UUID
    student_id: UUID
    uai: str
    revision: int
    days: tuple[Span, ...]
    former: tuple[Span, ...] = ()


class AboutPartnerDays(msgspec.Struct, frozen=True, gc=False):
    """The envelope of what is said of partner days."""

    id: str
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    data: PartnerDaysChanged
    correlationid: UUID | None = None


class ParcoursOpened(msgspec.Struct, frozen=True, gc=False):
    """That a parcours was opened, by whom, and from which alert if from one."""

    student_id: UUID
    by: str
    command_id: UUID
    alert_id: UUID | None = None


class AboutOpening(msgspec.Struct, frozen=True, gc=False):
    """The envelope of an opening."""

    id: str
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    data: ParcoursOpened
    correlationid: UUID | None = None
