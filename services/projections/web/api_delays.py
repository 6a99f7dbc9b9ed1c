"""The JSON API, delays the law gives: lists, one with its history, and acts."""

import asyncio
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from contracts import parcours_commands as asked
from contracts.delays import DelayKind, DelayState
from contracts.identifiers import Uai
from services.projections.acts import Who, command_id_of
from services.projections.reading import delays
from services.projections.reading.filters import DelayFilters
from services.projections.web import schemas_parcours as schemas
from services.projections.web.access import ApiOfParcours
from services.projections.web.api import DEFAULT_SIZE, ERRORS, Absent, Cursor, NoneAbsent, PageSize
from services.projections.web.api_acts import Key
from services.projections.web.problems import NotFound
from services.projections.web.site import TheSite

router = APIRouter(prefix="/api/v1/delays", responses=ERRORS)
_LATER = "Done, not shown yet"


@router.get("", response_model=schemas.DelayPage)
def list_delays(
    site: TheSite,
    visitor: ApiOfParcours,
    state: Annotated[list[DelayState], NoneAbsent, Query()] = [],  # noqa: B006  (FastAPI copies it)
    kind: Annotated[DelayKind | None, Absent] = None,
    uai: Annotated[Uai | None, Absent] = None,
    until_by: Annotated[date | None, Absent] = None,
    page_size: PageSize = None,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Delays in sight, the latest started first; `until_by`: those whose last day is that day or before."""
    size = page_size or DEFAULT_SIZE
    filters = DelayFilters(tuple(each.value for each in state), kind, uai, until_by)
    question = {"of": "delays", "who": visitor.actor_id, "filters": repr(filters)}
    after = delays.Place(*site.cursors.read(cursor, question)) if cursor else None
    with site.readings.of_parcours(visitor.scope) as reading:
        rows = delays.page(reading, filters, size + 1, after)
    last = rows[size - 1] if len(rows) > size else None
    return {
        "items": rows[:size],
        "next_cursor": site.cursors.make(last["started_at"], last["delay_id"], question) if last else None,
    }


@router.get("/{delay_id}", response_model=schemas.DelayDetail)
def show_delay(site: TheSite, visitor: ApiOfParcours, delay_id: UUID) -> dict[str, Any]:
    """One delay, with its history."""
    with site.readings.of_parcours(visitor.scope) as reading:
        row = delays.one(reading, delay_id)
        if row is None:
            raise NotFound
        return row | {"timeline": delays.timeline(reading, delay_id)}


@router.post(
    "",
    response_model=schemas.DelayDetail | schemas.DelayAccepted,
    responses={409: ERRORS[404], 202: {"model": schemas.DelayAccepted, "description": _LATER}},
)
async def start_delay(
    site: TheSite, visitor: ApiOfParcours, body: schemas.StartDelayBody, response: Response, key: Key = None
) -> dict[str, Any]:
    """Start a delay."""
    said = dict(body)
    who = Who(said.pop("student_id"), said.pop("ine"))
    command_id = command_id_of(visitor.actor_id, f"{asked.StartDelay.SUBJECT}/{key}" if key else None)
    done = await site.acts.on_delay(visitor.scope, asked.StartDelay, None, command_id, who, **said)
    response.status_code = 200 if done.shown else 202
    try:
        return await asyncio.to_thread(show_delay, site, visitor, done.about_id)
    except NotFound:
        return {"delay_id": done.about_id}


@router.post(
    "/{delay_id}/end",
    response_model=schemas.DelayDetail,
    responses={409: ERRORS[404], 202: {"model": schemas.DelayDetail, "description": _LATER}},
)
async def end_delay(
    site: TheSite,
    visitor: ApiOfParcours,
    delay_id: UUID,
    body: schemas.EndDelayBody,
    response: Response,
    key: Key = None,
) -> dict[str, Any]:
    """Say that what it asks for was done, or has no object any more."""
    command_id = command_id_of(visitor.actor_id, f"{asked.EndDelay.SUBJECT}/{delay_id}/{key}" if key else None)
    done = await site.acts.on_delay(visitor.scope, asked.EndDelay, delay_id, command_id, **dict(body))
    response.status_code = 200 if done.shown else 202
    return await asyncio.to_thread(show_delay, site, visitor, delay_id)
