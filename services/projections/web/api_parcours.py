"""The JSON API, parcours: lists, one with its history, and acts, answered once the read model shows them."""

import asyncio
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.exceptions import RequestValidationError

from contracts import parcours_commands as asked
from contracts.identifiers import Uai
from contracts.parcours import ParcoursState, Scheme, Why
from services.projections.acts import Who, command_id_of
from services.projections.reading import parcours
from services.projections.reading.filters import ParcoursFilters
from services.projections.web import schemas_parcours as schemas
from services.projections.web import shapes
from services.projections.web.access import ApiOfParcours, Visitor
from services.projections.web.api import DEFAULT_SIZE, ERRORS, Absent, Cursor, NoneAbsent, PageSize
from services.projections.web.api_acts import Key
from services.projections.web.problems import NotFound
from services.projections.web.site import Site, TheSite

router = APIRouter(prefix="/api/v1/parcours", responses=ERRORS)
_ACTS: dict[int | str, dict[str, Any]] = {
    409: ERRORS[404],
    202: {"model": schemas.ParcoursDetail, "description": "Done, not shown yet"},
}
_BEGUN = _ACTS | {202: {"model": schemas.ParcoursAccepted, "description": "Done, not shown yet"}}
_Begun = schemas.ParcoursDetail | schemas.ParcoursAccepted


@router.get("", response_model=schemas.ParcoursPage)
def list_parcours(
    site: TheSite,
    visitor: ApiOfParcours,
    state: Annotated[list[ParcoursState], NoneAbsent, Query()] = [],  # noqa: B006  (FastAPI copies it)
    scheme: Annotated[Scheme | None, Absent] = None,
    uai: Annotated[Uai | None, Absent] = None,
    ends_by: Annotated[date | None, Absent] = None,
    page_size: PageSize = None,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Parcours in sight, the latest begun first; `ends_by`: those whose last day is that day or before."""
    size = page_size or DEFAULT_SIZE
    filters = ParcoursFilters(tuple(each.value for each in state), scheme, uai, ends_by)
    question = {"of": "parcours", "who": visitor.actor_id, "filters": repr(filters)}
    after = parcours.Place(*site.cursors.read(cursor, question)) if cursor else None
    with site.readings.of_parcours(visitor.scope) as reading:
        rows = parcours.page(reading, filters, size + 1, after)
    last = rows[size - 1] if len(rows) > size else None
    return {
        "items": [shapes.parcours(row) for row in rows[:size]],
        "next_cursor": site.cursors.make(last["began_at"], last["parcours_id"], question) if last else None,
    }


@router.get("/{parcours_id}", response_model=schemas.ParcoursDetail)
def show_parcours(site: TheSite, visitor: ApiOfParcours, parcours_id: UUID) -> dict[str, Any]:
    """One parcours, with its history and its periods in a company."""
    with site.readings.of_parcours(visitor.scope) as reading:
        row = parcours.one(reading, parcours_id)
        if row is None:
            raise NotFound
        return shapes.parcours(row) | {
            "timeline": parcours.timeline(reading, parcours_id),
            "placements": parcours.placements(reading, parcours_id),
        }


@router.post("", response_model=_Begun, responses=_BEGUN)
async def open_parcours(
    site: TheSite, visitor: ApiOfParcours, body: schemas.OpenBody, response: Response, key: Key = None
) -> dict[str, Any]:
    """Open a parcours that was not proposed before."""
    return await _begin(site, visitor, response, key, asked.OpenParcours, body)


@router.post("/proposals", response_model=_Begun, responses=_BEGUN)
async def propose(
    site: TheSite, visitor: ApiOfParcours, body: schemas.ProposeBody, response: Response, key: Key = None
) -> dict[str, Any]:
    """Think of a parcours for a pupil."""
    return await _begin(site, visitor, response, key, asked.ProposeParcours, body)


@router.post("/{parcours_id}/open", response_model=schemas.ParcoursDetail, responses=_ACTS)
async def open_proposed(
    site: TheSite,
    visitor: ApiOfParcours,
    parcours_id: UUID,
    body: schemas.OpenProposedBody,
    response: Response,
    key: Key = None,
) -> dict[str, Any]:
    """Open a parcours that was proposed."""
    return await _do(site, visitor, parcours_id, response, key, asked.OpenParcours, **dict(body))


@router.post("/{parcours_id}/refuse", response_model=schemas.ParcoursDetail, responses=_ACTS)
async def refuse(
    site: TheSite, visitor: ApiOfParcours, parcours_id: UUID, body: schemas.Body, response: Response, key: Key = None
) -> dict[str, Any]:
    """Turn a proposal down."""
    return await _do(site, visitor, parcours_id, response, key, asked.RefuseParcours, **dict(body))


@router.post("/{parcours_id}/conventions", response_model=schemas.ParcoursDetail, responses=_ACTS)
async def sign_convention(
    site: TheSite,
    visitor: ApiOfParcours,
    parcours_id: UUID,
    body: schemas.ConventionBody,
    response: Response,
    key: Key = None,
) -> dict[str, Any]:
    """Record an agreement with a partner."""
    return await _do(site, visitor, parcours_id, response, key, asked.SignConvention, **dict(body))


@router.post("/{parcours_id}/referent", response_model=schemas.ParcoursDetail, responses=_ACTS)
async def appoint_referent(
    site: TheSite,
    visitor: ApiOfParcours,
    parcours_id: UUID,
    body: schemas.ReferentBody,
    response: Response,
    key: Key = None,
) -> dict[str, Any]:
    """Say who follows the pupil: somebody the directory holds."""
    if site.directory.actor(body.referent_id) is None:
        raise RequestValidationError([{"loc": ("body", "referent_id"), "type": "unknown_actor"}])
    return await _do(site, visitor, parcours_id, response, key, asked.AppointReferent, **dict(body))


@router.post("/{parcours_id}/placements", response_model=schemas.ParcoursDetail, responses=_ACTS)
async def plan_placement(
    site: TheSite,
    visitor: ApiOfParcours,
    parcours_id: UUID,
    body: schemas.PlacementBody,
    response: Response,
    key: Key = None,
) -> dict[str, Any]:
    """Plan a period in a company."""
    return await _do(site, visitor, parcours_id, response, key, asked.PlanPlacement, **dict(body))


@router.put("/{parcours_id}/placements/{placement_id}", response_model=schemas.ParcoursDetail, responses=_ACTS)
async def change_placement(
    site: TheSite,
    visitor: ApiOfParcours,
    parcours_id: UUID,
    placement_id: UUID,
    body: schemas.PlacementBody,
    response: Response,
    key: Key = None,
) -> dict[str, Any]:
    """Give a planned period other days."""
    said = dict(body) | {"placement_id": placement_id}
    return await _do(site, visitor, parcours_id, response, key, asked.ChangePlacement, **said)


@router.delete("/{parcours_id}/placements/{placement_id}", response_model=schemas.ParcoursDetail, responses=_ACTS)
async def cancel_placement(
    site: TheSite,
    visitor: ApiOfParcours,
    parcours_id: UUID,
    placement_id: UUID,
    response: Response,
    key: Key = None,
    why: Why = Why.SCHOOL_DECIDED,
) -> dict[str, Any]:
    """Say that a planned period will not take place."""
    said = {"placement_id": placement_id, "why": why}
    return await _do(site, visitor, parcours_id, response, key, asked.CancelPlacement, **said)


@router.post("/{parcours_id}/reviews", response_model=schemas.ParcoursDetail, responses=_ACTS)
async def hold_review(
    site: TheSite,
    visitor: ApiOfParcours,
    parcours_id: UUID,
    body: schemas.ReviewBody,
    response: Response,
    key: Key = None,
) -> dict[str, Any]:
    """Say that it was looked at with the pupil."""
    return await _do(site, visitor, parcours_id, response, key, asked.HoldReview, **dict(body))


@router.post("/{parcours_id}/suspend", response_model=schemas.ParcoursDetail, responses=_ACTS)
async def suspend(
    site: TheSite,
    visitor: ApiOfParcours,
    parcours_id: UUID,
    body: schemas.SinceBody,
    response: Response,
    key: Key = None,
) -> dict[str, Any]:
    """Pause it from a day on; its end does not move."""
    return await _do(site, visitor, parcours_id, response, key, asked.SuspendParcours, **dict(body))


@router.post("/{parcours_id}/resume", response_model=schemas.ParcoursDetail, responses=_ACTS)
async def resume(
    site: TheSite,
    visitor: ApiOfParcours,
    parcours_id: UUID,
    body: schemas.SinceBody,
    response: Response,
    key: Key = None,
) -> dict[str, Any]:
    """Go on with it from a day on."""
    return await _do(site, visitor, parcours_id, response, key, asked.ResumeParcours, **dict(body))


@router.post("/{parcours_id}/extend", response_model=schemas.ParcoursDetail, responses=_ACTS)
async def extend(
    site: TheSite,
    visitor: ApiOfParcours,
    parcours_id: UUID,
    body: schemas.ExtendBody,
    response: Response,
    key: Key = None,
) -> dict[str, Any]:
    """Have it end later."""
    return await _do(site, visitor, parcours_id, response, key, asked.ExtendParcours, **dict(body))


@router.post("/{parcours_id}/close", response_model=schemas.ParcoursDetail, responses=_ACTS)
async def close(
    site: TheSite,
    visitor: ApiOfParcours,
    parcours_id: UUID,
    body: schemas.CloseParcoursBody,
    response: Response,
    key: Key = None,
) -> dict[str, Any]:
    """Say what became of the pupil: it is over."""
    return await _do(site, visitor, parcours_id, response, key, asked.CloseParcours, **dict(body))


async def _begin(
    site: Site,
    visitor: Visitor,
    response: Response,
    key: str | None,
    contract: type[asked.ParcoursCommand],
    body: schemas.ForPupil,
) -> dict[str, Any]:
    said = dict(body)
    who = Who(said.pop("student_id"), said.pop("ine"))
    command_id = command_id_of(visitor.actor_id, f"{contract.SUBJECT}/{key}" if key else None)
    done = await site.acts.on_parcours(visitor.scope, contract, None, command_id, who, **said)
    response.status_code = 200 if done.shown else 202
    try:
        return await asyncio.to_thread(show_parcours, site, visitor, done.about_id)
    except NotFound:
        return {"parcours_id": done.about_id}


async def _do(
    site: Site,
    visitor: Visitor,
    parcours_id: UUID,
    response: Response,
    key: str | None,
    contract: type[asked.ParcoursCommand],
    **said: Any,
) -> dict[str, Any]:
    about = f"{parcours_id}/{said.get('placement_id', '')}"
    command_id = command_id_of(visitor.actor_id, f"{contract.SUBJECT}/{about}/{key}" if key else None)
    done = await site.acts.on_parcours(visitor.scope, contract, parcours_id, command_id, **said)
    response.status_code = 200 if done.shown else 202
    return await asyncio.to_thread(show_parcours, site, visitor, parcours_id)
