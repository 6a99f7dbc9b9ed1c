"""What the JSON API answers, as OpenAPI shows it."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from contracts.alerts import AlertState, CloseMotive, Evidence, FollowUp, Level
from contracts.directory import Role
from contracts.identifiers import HalfDay, Month, SchoolYear, Uai
from contracts.notifications import MailTemplate
from contracts.parcours import Scheme

MailState = Literal["requested", "deferred", "sent", "refused", "uncertain", "unaddressed", "cancelled"]
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Named(BaseModel):
    """The pupil. Names and INE are null until the register has told them."""

    student_id: UUID
    ine: str | None
    last_name: str | None
    first_name: str | None
    class_name: str | None
    uai: Uai


class AlertItem(Named):
    """An alert and why it was raised."""

    alert_id: UUID
    attendance_id: UUID
    level: Level
    month: Month
    school_year: SchoolYear
    state: AlertState
    half_days: int
    reached_on: HalfDay
    raised_at: datetime
    changed_at: datetime
    last_action: str | None
    last_action_by: str | None
    last_action_at: datetime | None
    evidence: Evidence


class AlertPage(BaseModel):
    """A page of alerts, the latest raised first; `next_cursor` is null on the last one."""

    items: list[AlertItem]
    next_cursor: str | None


class TimelineEntry(BaseModel):
    """Something that happened to an alert; `by` is an actor's id when a person did it.

    `count_changed` tells the count as it is now and when it last changed: it has no event of its own.
    """

    event_id: str | None
    at: datetime
    kind: Literal["raised", "count_changed", "acknowledged", "followed_up", "lifted", "closed"]
    by: str | None
    half_days: int | None
    detail: str | None
    on: date | None


class AlertDetail(AlertItem):
    """An alert with its history."""

    timeline: list[TimelineEntry]


class MailItem(BaseModel):
    """An e-mail that had to be written, and its proof.

    `about_id`: the alert, the parcours or the delay it tells of.
    `uncertain` until an answer settles it; `doubtful` for ever once an answer was lost: it may have come twice.
    """

    mail_id: UUID
    alert_id: UUID | None
    about_id: UUID | None
    uai: Uai
    role: Role
    actor_id: str | None
    template: MailTemplate
    state: MailState
    attempts: int
    doubtful: bool
    message_id: str | None
    rendered_hash: str | None
    smtp_code: int | None
    requested_at: datetime
    sent_at: datetime | None
    changed_at: datetime


class MailPage(BaseModel):
    """A page of the journal, the latest asked for first."""

    items: list[MailItem]
    next_cursor: str | None


class SchoolItem(BaseModel):
    """A school in sight."""

    uai: Uai
    name: str
    type: str
    department: str
    network: str | None


class Me(BaseModel):
    """Whom the token stands for, and what they see."""

    actor_id: str
    name: str
    role: Role
    territory: str
    sees: Literal["pupils", "parcours", "counts", "nothing"]
    schools: list[SchoolItem]


class Enrolment(BaseModel):
    """A school the pupil is, or was until `left_on`, on the roll of."""

    uai: Uai
    class_name: str | None
    mef: str | None
    status: str | None
    since: date | None
    left_on: date | None


class Pupil(BaseModel):
    """A pupil in sight. `ine` and names are null while the register has not told who it is."""

    student_id: UUID
    ine: str | None
    last_name: str | None
    first_name: str | None
    birth_date: date | None
    class_name: str | None
    enrolments: list[Enrolment]
    alerts: list[AlertItem]


class PupilItem(Named):
    """A pupil on the roll of a school.

    `alerts_open`: its alerts that have not ended, how many; `scheme`: of the parcours that runs there, if one does.
    """

    alerts_open: int
    scheme: Scheme | None


class PupilPage(BaseModel):
    """A page of pupils, in the order of their ids; `next_cursor` is null on the last one."""

    items: list[PupilItem]
    next_cursor: str | None


class SchoolCount(BaseModel):
    """How many alerts.

    For those far from pupils those of level 1 alone, in any state together (`state` is null), with a line for each
    school, and `total` null where it is below five, or would let another be worked out.
    """

    uai: Uai
    level: Level
    state: AlertState | None
    total: int | None


class MonthCount(BaseModel):
    """How many alerts of the territory in a month."""

    month: Month
    level: Level
    total: int


class Counts(BaseModel):
    """Figures of the territory; empty for those far from pupils, where the territory is too small to tell."""

    by_school: list[SchoolCount]
    by_month: list[MonthCount]


def _written(day: Any) -> Any:
    # pydantic takes seconds since 1970, and a moment, for a date: a program that sends those is mistaken.
    if not isinstance(day, str) or not _DAY.fullmatch(day):
        raise PydanticCustomError("day_form", "a day is written YYYY-MM-DD")
    return day


Day = Annotated[date, BeforeValidator(_written)]
"""A day in a body: written as `2025-10-06`, and in no other form."""


class ActBody(BaseModel):
    """What is sent: no other field, so that a wrong name is not passed over."""

    model_config = ConfigDict(extra="forbid")


class FollowUpBody(ActBody):
    """An action taken on day `on`."""

    kind: FollowUp
    on: Day


class CloseBody(ActBody):
    """Why the alert is closed."""

    motive: CloseMotive


class Problem(BaseModel):
    """RFC 9457. A refusal (409) has its `code`; one that rests on the regulation its rule, its source, and a remedy."""

    type: str
    title: str
    status: int
    detail: str | None = None
    code: str | None = None
    rule: str | None = None
    source: str | None = None
    remedy: str | None = None
    errors: list[dict[str, str]] | None = None
