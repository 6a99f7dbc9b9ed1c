"""What the JSON API answers and takes about parcours and legal delays, as OpenAPI shows it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from contracts.delays import DelayKind, DelayState
from contracts.identifiers import ActorId, Ine, Uai
from contracts.parcours import Caution, Gauge, Outcome, ParcoursState, Partner, Scheme, SchemeRule, Why
from contracts.parcours_commands import Declared
from services.projections.web.schemas import ActBody, Day, Named


class Happening(BaseModel):
    """Something that happened: `kind` is the fact of its contract, `detail` what it says beside who and why.

    `by` (an actor's id) and `why` are null when nobody did it: a day came.
    """

    event_id: str
    at: datetime
    kind: str
    by: str | None
    why: Why | None
    detail: dict[str, Any]


class ParcoursItem(Named):
    """A parcours. Days are included; dates and gauge are null until it is opened."""

    parcours_id: UUID
    scheme: Scheme
    state: ParcoursState
    starts_on: date | None
    ends_on: date | None
    last_day: date | None = Field(description="How far it can be extended; null: not known, or not opened.")
    next_review_on: date | None
    suspended_since: date | None
    alert_id: UUID | None
    gpds_on: date | None
    referent_id: str | None
    partners: list[Partner]
    cautions: list[Caution]
    gauge: Gauge | None
    rule: SchemeRule | None
    outcome: Outcome | None
    closed_on: date | None
    proposed_at: datetime | None
    opened_at: datetime | None
    changed_at: datetime


class ParcoursPage(BaseModel):
    """A page of parcours, the latest begun first; `next_cursor` is null on the last one."""

    items: list[ParcoursItem]
    next_cursor: str | None


class Placement(BaseModel):
    """A period in a company, both days included."""

    placement_id: UUID
    first: date
    last: date


class ParcoursDetail(ParcoursItem):
    """A parcours with its history and its periods in a company."""

    timeline: list[Happening]
    placements: list[Placement]


class ParcoursAccepted(BaseModel):
    """It was begun and is not shown yet."""

    parcours_id: UUID


class DelayItem(Named):
    """A delay the law gives: something must be done by `until`, that day included.

    `done`, once ended: whether it was, or had no object any more.
    """

    delay_id: UUID
    kind: DelayKind
    since: date
    until: date
    state: DelayState
    rule: SchemeRule
    started_at: datetime
    started_by: str
    changed_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    done: bool | None


class DelayPage(BaseModel):
    """A page of delays, the latest started first; `next_cursor` is null on the last one."""

    items: list[DelayItem]
    next_cursor: str | None


class DelayDetail(DelayItem):
    """A delay with its history."""

    timeline: list[Happening]


class DelayAccepted(BaseModel):
    """It was started and is not shown yet."""

    delay_id: UUID


class Body(ActBody):
    """What is sent, and on what ground."""

    why: Why = Why.SCHOOL_DECIDED


class ForPupil(Body):
    """For the pupil named by `student_id` or by `ine`, in the school `uai`."""

    student_id: UUID | None = None
    ine: Ine | None = Field(default=None, validate_default=True)
    uai: Uai

    @field_validator("ine")
    @classmethod
    def _one_of_both(cls, ine: str | None, info: ValidationInfo) -> str | None:
        if "student_id" in info.data and (ine is None) == (info.data["student_id"] is None):
            raise PydanticCustomError("student_id_or_ine", "either student_id or ine")
        return ine


class ProposeBody(ForPupil):
    """A parcours is thought of, after an alert or not, after a GPDS or not yet."""

    scheme: Scheme
    alert_id: UUID | None = None
    gpds_on: Day | None = None


class OpenProposedBody(Body):
    """The days it runs, and what is vouched for: `declared.age` counts only where the register has no birth date."""

    starts_on: Day
    ends_on: Day
    declared: Declared = Declared()
    alert_id: UUID | None = None
    gpds_on: Day | None = None


class OpenBody(ForPupil, OpenProposedBody):
    """A parcours opened without a proposal before."""

    scheme: Scheme


class ConventionBody(Body):
    """An agreement with a partner, which takes the pupil in from `since` on."""

    partner: Partner
    signed_on: Day
    since: Day


class ReferentBody(Body):
    """Who follows the pupil."""

    referent_id: ActorId


class PlacementBody(Body):
    """A period in a company, both days included."""

    starts_on: Day
    ends_on: Day


class ReviewBody(Body):
    """It was looked at on that day."""

    held_on: Day


class SinceBody(Body):
    """From that day on."""

    since: Day


class ExtendBody(Body):
    """It ends on a later day."""

    ends_on: Day


class CloseParcoursBody(Body):
    """It is over; this became of the pupil."""

    outcome: Outcome
    closed_on: Day


class StartDelayBody(ForPupil):
    """What starts it happened on `since`."""

    kind: DelayKind
    since: Day


class EndDelayBody(Body):
    """What it asks for was done, or has no object any more (`done` false)."""

    done: bool = True
