"""The JSON API, acts: an answer comes once the read model shows them."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Response

from contracts.commands import AcknowledgeAlert, AlertCommand, CloseAlert, RecordFollowUp
from services.projections.acts import command_id_of
from services.projections.web import schemas
from services.projections.web.access import ApiOfPupils, Visitor
from services.projections.web.api import ERRORS, show_alert
from services.projections.web.site import Site, TheSite

router = APIRouter(
    prefix="/api/v1/alerts/{alert_id}",
    responses=ERRORS | {409: ERRORS[404], 202: {"model": schemas.AlertDetail, "description": "Done, not shown yet"}},
)
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=200, description="The same key is the same act."),
]


@router.post("/acknowledge", response_model=schemas.AlertDetail)
async def acknowledge(
    site: TheSite, visitor: ApiOfPupils, alert_id: UUID, response: Response, key: Key = None
) -> dict[str, Any]:
    """Take the alert in charge."""
    return await _do(site, visitor, alert_id, response, key, AcknowledgeAlert)


@router.post("/follow-ups", response_model=schemas.AlertDetail)
async def record_follow_up(
    site: TheSite,
    visitor: ApiOfPupils,
    alert_id: UUID,
    body: schemas.FollowUpBody,
    response: Response,
    key: Key = None,
) -> dict[str, Any]:
    """Record an action about it."""
    return await _do(site, visitor, alert_id, response, key, RecordFollowUp, kind=body.kind, on=body.on)


@router.post("/close", response_model=schemas.AlertDetail)
async def close(
    site: TheSite, visitor: ApiOfPupils, alert_id: UUID, body: schemas.CloseBody, response: Response, key: Key = None
) -> dict[str, Any]:
    """Close it, with a motive."""
    return await _do(site, visitor, alert_id, response, key, CloseAlert, motive=body.motive)


async def _do(
    site: Site,
    visitor: Visitor,
    alert_id: UUID,
    response: Response,
    key: str | None,
    contract: type[AlertCommand],
    **said: Any,
) -> dict[str, Any]:
    command_id = command_id_of(visitor.actor_id, f"{contract.SUBJECT}/{alert_id}/{key}" if key else None)
    shown = await site.acts.do(visitor.scope, alert_id, contract, command_id, **said)
    response.status_code = 200 if shown else 202
    return await asyncio.to_thread(show_alert, site, visitor, alert_id)
