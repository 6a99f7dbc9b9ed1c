"""What schools send us: the same facts, with the INE they know the pupil by.

Strict on purpose: an unknown field is refused, so that a misspelt one is not silently lost.
"""

from datetime import date
from typing import Annotated, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints

from contracts.envelope import Instant
from contracts.identifiers import Ine, Period, Uai
from contracts.school import PupilStatus, ReasonCategory

Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True)]
Opaque = Annotated[str, StringConstraints(max_length=128, pattern=r"^/?[A-Za-z0-9][A-Za-z0-9._:/@~+=#-]*$")]
JsonType = Annotated[str, StringConstraints(pattern=r"^application/([a-z0-9.-]+\+)?json(\s*;.*)?$")]


class Incoming(BaseModel):
    """Data of an event as a school system writes it; `ine` and `uai` are in all of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    TYPE: ClassVar[str]

    ine: Ine
    uai: Uai

    def __init_subclass__(cls, *, fact: str = "", version: int = 1) -> None:
        super().__init_subclass__()
        if fact:
            cls.TYPE = f"fr.perseverance.intake.{fact}.v{version}"


class EnrolStudent(Incoming, fact="student_enrolled"):
    """A pupil on the roll."""

    last_name: Name | None = None
    first_name: Name | None = None
    birth_date: date | None = None
    class_name: ShortText | None = None
    mef: ShortText | None = None
    status: PupilStatus = PupilStatus.STUDENT
    since: date | None = None


class StrikeOffStudent(Incoming, fact="student_left"):
    """A pupil struck off the roll."""

    on: date


class ReportAbsence(Incoming, fact="absence_reported"):
    """A half-day missed, with (`justified`) or without a valid excuse."""

    date: date
    period: Period
    justified: bool = False
    category: ReasonCategory | None = None


class JustifyAbsence(Incoming, fact="absence_justified"):
    """A half-day whose reason was accepted."""

    date: date
    period: Period
    category: ReasonCategory | None = None


class CancelAbsence(Incoming, fact="absence_cancelled"):
    """A half-day entered by mistake."""

    date: date
    period: Period


Data = TypeVar("Data", bound=Incoming)


class IncomingEvent(BaseModel, Generic[Data]):
    """The CloudEvent, structured JSON, a school system puts its data in.

    `id` and `source` are kept as they are in everything that follows, so they say nothing about the
    pupil. Without a `time`, the moment of receipt takes its place. Other attributes are ignored.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"]
    id: Opaque
    source: Opaque
    type: str
    time: Instant | None = None
    datacontenttype: JsonType | None = None
    data: Data


class Refusal(BaseModel):
    """What a sender on NATS reads about an event that was refused: which, where, why; never a value.

    `field` is the path of the field, empty when it is the whole event; `code` is for programs, `reason`
    for people. `id` and `source` are the event's own, where they could be read and are safe to repeat.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str | None = None
    source: str | None = None
    field: str
    code: str
    reason: str
    time: Instant
