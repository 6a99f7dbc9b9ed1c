"""The JSON API: what a person sees and does, for programs that carry their bearer token."""

from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BeforeValidator, Field

from contracts.alerts import AlertState, Level
from contracts.identifiers import Month, Uai
from services.projections.reading import alerts, counts, mails, pupils, roster
from services.projections.reading.filters import AlertFilters
from services.projections.reading.roster import RosterFilters
from services.projections.scope import Scope
from services.projections.web import schemas, shapes
from services.projections.web.access import ApiOfPupils, ApiVisitor
from services.projections.web.figures import Figures
from services.projections.web.problems import NotFound
from services.projections.web.site import TheSite

ERRORS: dict[int | str, dict[str, Any]] = {
    code: {"model": schemas.Problem, "content": {"application/problem+json": {}}}
    for code in (400, 401, 403, 404, 422, 503)
}
router = APIRouter(prefix="/api/v1", responses=ERRORS)

T = TypeVar("T")
# `level=` says the same as no level at all.
Absent = BeforeValidator(lambda value: None if value == "" else value)
NoneAbsent = BeforeValidator(lambda values: [each for each in values if each != ""])
# The bounds belong to the value, not to its absence.
PageSize = Annotated[Annotated[int, Field(ge=1, le=500)] | None, Absent, Query()]
Cursor = Annotated[Annotated[str, Field(max_length=300)] | None, Absent, Query()]
DEFAULT_SIZE = 50


@router.get("/alerts", response_model=schemas.AlertPage)
def list_alerts(
    site: TheSite,
    visitor: ApiOfPupils,
    level: Annotated[Level | None, Absent, BeforeValidator(lambda v: int(v) if v in ("1", "2") else v)] = None,
    state: Annotated[list[AlertState], NoneAbsent, Query()] = [],  # noqa: B006  (FastAPI copies it)
    uai: Annotated[Uai | None, Absent] = None,
    month: Annotated[Month | None, Absent] = None,
    page_size: PageSize = None,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Alerts in sight, the latest raised first."""
    size = page_size or DEFAULT_SIZE
    filters = AlertFilters(level, tuple(state), uai, month)
    question = {"of": "alerts", "who": visitor.actor_id, "filters": repr(filters)}
    after = alerts.Place(*site.cursors.read(cursor, question)) if cursor else None
    with site.readings.of_pupils(visitor.scope) as reading:
        rows = alerts.page(reading, filters, size + 1, after)
    last = rows[size - 1] if len(rows) > size else None
    return {
        "items": [shapes.alert(row) for row in rows[:size]],
        "next_cursor": site.cursors.make(last["raised_at"], last["alert_id"], question) if last else None,
    }


@router.get("/alerts/{alert_id}", response_model=schemas.AlertDetail)
def show_alert(site: TheSite, visitor: ApiOfPupils, alert_id: UUID) -> dict[str, Any]:
    """One alert, with its history."""
    with site.readings.of_pupils(visitor.scope) as reading:
        row = alerts.one(reading, alert_id)
        if row is None:
            raise NotFound
        return shapes.alert(row) | {"timeline": [shapes.happened(each) for each in alerts.timeline(reading, alert_id)]}


@router.get("/mails", response_model=schemas.MailPage)
def list_mails(
    site: TheSite,
    visitor: ApiOfPupils,
    state: Annotated[list[schemas.MailState], NoneAbsent, Query()] = [],  # noqa: B006  (FastAPI copies it)
    alert_id: Annotated[UUID | None, Absent] = None,
    about_id: Annotated[UUID | None, Absent] = None,
    uai: Annotated[Uai | None, Absent] = None,
    page_size: PageSize = None,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The journal of e-mails about the schools in sight, the latest asked for first.

    `about_id`: those about this alert, this parcours or this delay.
    """
    size = page_size or DEFAULT_SIZE
    filters = mails.MailFilters(tuple(state), alert_id, uai, about_id)
    question = {"of": "mails", "who": visitor.actor_id, "filters": repr(filters)}
    after = mails.Place(*site.cursors.read(cursor, question)) if cursor else None
    with site.readings.of_pupils(visitor.scope) as reading:
        rows = mails.page(reading, filters, size + 1, after)
    last = rows[size - 1] if len(rows) > size else None
    return {
        "items": rows[:size],
        "next_cursor": site.cursors.make(last["requested_at"], last["mail_id"], question) if last else None,
    }


@router.get("/pupils", response_model=schemas.PupilPage)
def list_pupils(
    site: TheSite,
    visitor: ApiOfPupils,
    uai: Annotated[Uai | None, Absent] = None,
    class_name: Annotated[Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] | None, Absent] = None,
    page_size: PageSize = None,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Pupils on the rolls in sight, in the order of their ids; one on two rolls is there twice."""
    size = page_size or DEFAULT_SIZE
    filters = RosterFilters(uai, class_name)
    question = {"of": "pupils", "who": visitor.actor_id, "filters": repr(filters)}
    after = None
    if cursor:
        student_id, school = site.cursors.open(cursor, question)
        after = roster.Place(UUID(student_id), school)
    with site.readings.of_pupils(visitor.scope) as reading:
        rows = roster.page(reading, filters, size + 1, after)
    last = rows[size - 1] if len(rows) > size else None
    return {
        "items": rows[:size],
        "next_cursor": site.cursors.seal((str(last["student_id"]), last["uai"]), question) if last else None,
    }


@router.get("/pupils/{student_id}", response_model=schemas.Pupil)
def show_pupil(site: TheSite, visitor: ApiOfPupils, student_id: UUID) -> dict[str, Any]:
    """One pupil: who, where, and their alerts."""
    with site.readings.of_pupils(visitor.scope) as reading:
        row = pupils.one(reading, student_id)
        if row is None:
            raise NotFound
        rolls = pupils.enrolments(reading, student_id)
        return row | {
            "class_name": pupils.class_of(reading, row, rolls),
            "enrolments": rolls,
            "alerts": [shapes.alert(each) for each in alerts.of_pupil(reading, student_id)],
        }


@router.get("/schools", response_model=list[schemas.SchoolItem])
def list_schools(visitor: ApiVisitor) -> list[dict[str, Any]]:
    """The schools in sight."""
    return _schools(visitor.scope)


@router.get("/me", response_model=schemas.Me)
def show_me(visitor: ApiVisitor) -> dict[str, Any]:
    """Whom the token stands for."""
    actor = visitor.scope.actor
    return {
        "actor_id": actor.id,
        "name": actor.name,
        "role": actor.role,
        "territory": actor.territory,
        "sees": visitor.scope.sees.value,
        "schools": _schools(visitor.scope),
    }


@router.get("/counts", response_model=schemas.Counts)
def show_counts(site: TheSite, visitor: ApiVisitor) -> dict[str, Any]:
    """Figures of the territory, which name nobody."""
    with site.readings.of_counts(visitor.scope) as reading:
        by_school, by_month = counts.by_school(reading), counts.by_month(reading)
    if visitor.scope.hides_few:
        return shapes.counts_withheld(Figures(by_school, by_month).told(visitor.scope), by_month)
    return {"by_school": by_school, "by_month": by_month}


def _schools(scope: Scope) -> list[dict[str, Any]]:
    return [school.model_dump(include={"uai", "name", "type", "department", "network"}) for school in scope.schools]
