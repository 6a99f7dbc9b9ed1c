"""The page of one alert: why it was raised, what happened since, and what can be done about it."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from chassis.clock import today
from contracts.alerts import AlertState, CloseMotive, FollowUp
from contracts.commands import AcknowledgeAlert, AlertCommand, CloseAlert, RecordFollowUp
from services.projections.acts import command_id_of
from services.projections.commands import Refused, ServiceAway
from services.projections.reading import alerts, mails, parcours
from services.projections.reading.readings import Row
from services.projections.web.access import PageOfPupils, Visitor, check_form
from services.projections.web.forms import day_of
from services.projections.web.pages import show
from services.projections.web.problems import NotFound
from services.projections.web.site import Site, TheSite

router = APIRouter(prefix="/alertes/{alert_id}", default_response_class=HTMLResponse, include_in_schema=False)

_DONE = {
    "prise-en-charge": "Vous avez pris cette alerte en charge.",
    "geste": "Votre geste est enregistré.",
    "cloture": "L’alerte est close.",
    "attente": "C’est enregistré. La page le montrera dans quelques instants.",
}
_OPEN = (AlertState.RAISED, AlertState.ACKNOWLEDGED, AlertState.FOLLOWED_UP)
_NOT_ANSWERING = "Le service des alertes ne répond pas. Rien n’est perdu : réessayez dans un instant."
_FIELD_OF_REFUSAL: Mapping[str, str] = {"follow_up_in_future": "le", "follow_up_too_old": "le"}
"""Where to mend what was refused, by the code of the refusal."""
Csrf = Annotated[str, Form(max_length=100)]
Key = Annotated[str, Form(max_length=100)]
Chosen = Annotated[str, Form(max_length=40)]


@router.get("")
def alert_page(site: TheSite, request: Request, visitor: PageOfPupils, alert_id: UUID, fait: str = "") -> str:
    """One alert."""
    return _page(site, request, visitor, alert_id, done=_DONE.get(fait, ""))


@router.post("/prise-en-charge")
async def take_in_charge(
    site: TheSite, request: Request, visitor: PageOfPupils, alert_id: UUID, csrf: Csrf = "", key: Key = ""
) -> Response:
    """J'en prends la charge."""
    check_form(request, visitor, csrf)
    return await _do(site, request, visitor, alert_id, key, "prise-en-charge", AcknowledgeAlert, {})


@router.post("/gestes")
async def record_follow_up(
    site: TheSite,
    request: Request,
    visitor: PageOfPupils,
    alert_id: UUID,
    csrf: Csrf = "",
    key: Key = "",
    geste: Chosen = "",
    le: Chosen = "",
) -> Response:
    """Consigner un geste."""
    check_form(request, visitor, csrf)
    errors: dict[str, str] = {}
    if geste not in set(FollowUp):
        errors["geste"] = "Choisissez le geste que vous avez fait."
    day = day_of(le)
    if day is None:
        errors["le"] = "Indiquez la date du geste, par exemple 12/10/2025."
    elif day > await asyncio.to_thread(today, site.clock):
        errors["le"] = "La date du geste ne peut pas être dans le futur."
    typed = {"geste": geste, "le": le}
    if errors or day is None:
        return await _again(site, request, visitor, alert_id, 422, errors, typed)
    chosen = FollowUp(geste)
    return await _do(site, request, visitor, alert_id, key, "geste", RecordFollowUp, typed, kind=chosen, on=day)


@router.post("/cloture")
async def close(
    site: TheSite,
    request: Request,
    visitor: PageOfPupils,
    alert_id: UUID,
    csrf: Csrf = "",
    key: Key = "",
    motif: Chosen = "",
) -> Response:
    """Clore avec un motif."""
    check_form(request, visitor, csrf)
    if motif not in set(CloseMotive):
        errors = {"motif": "Choisissez le motif de la clôture."}
        return await _again(site, request, visitor, alert_id, 422, errors, {"motif": motif})
    typed, motive = {"motif": motif}, CloseMotive(motif)
    return await _do(site, request, visitor, alert_id, key, "cloture", CloseAlert, typed, motive=motive)


async def _do(
    site: Site,
    request: Request,
    visitor: Visitor,
    alert_id: UUID,
    key: str,
    done: str,
    contract: type[AlertCommand],
    typed: dict[str, str],
    **said: Any,
) -> Response:
    command_id = command_id_of(visitor.actor_id, f"{contract.SUBJECT}/{alert_id}/{key}" if key else None)
    try:
        shown = await site.acts.do(visitor.scope, alert_id, contract, command_id, **said)
    except Refused as refusal:
        return await _again(
            site, request, visitor, alert_id, 409, {_FIELD_OF_REFUSAL.get(refusal.code, ""): refusal.reason}, typed
        )
    except ServiceAway:  # each form of the page adds its own letter to the key
        return await _again(site, request, visitor, alert_id, 503, {"": _NOT_ANSWERING}, typed | {"key": key[:-1]})
    return RedirectResponse(f"/alertes/{alert_id}?fait={done if shown else 'attente'}", 303)


async def _again(
    site: Site,
    request: Request,
    visitor: Visitor,
    alert_id: UUID,
    status: int,
    errors: dict[str, str],
    said: dict[str, str] | None = None,
) -> Response:
    html = await asyncio.to_thread(_page, site, request, visitor, alert_id, errors=errors, said=said)
    return HTMLResponse(html, status)


def _page(
    site: Site,
    request: Request,
    visitor: Visitor,
    alert_id: UUID,
    done: str = "",
    errors: dict[str, str] | None = None,
    said: dict[str, str] | None = None,
) -> str:
    with site.readings.of_pupils(visitor.scope) as reading:
        row = alerts.one(reading, alert_id)
        if row is None:
            raise NotFound
        said = said or {}
        others = [each for each in alerts.of_pupil(reading, row["student_id"]) if each["alert_id"] != alert_id]
        return show(
            site,
            request,
            visitor,
            reading,
            "alerte.html",
            alert=row,
            timeline=alerts.timeline(reading, alert_id),
            mails=mails.page(reading, mails.MailFilters(alert_id=alert_id), 100),
            others=others,
            answers=next((each["level"] for each in others if _is_answered_with(each, row)), None),
            parcours=parcours.of_alert(reading, alert_id),
            may_lead=visitor.scope.may_lead,
            is_open=row["state"] in _OPEN,
            today=today(site.clock),
            # The same form sent twice is one act.
            key=said.get("key") or uuid4().hex,
            done=done,
            errors=errors or {},
            said=said,
        )


def _is_answered_with(other: Row, alert: Row) -> bool:
    """Whether what is done about `alert` is done about `other` too: lower, of the same school and month."""
    same = (other["uai"], other["month"]) == (alert["uai"], alert["month"])
    return same and other["level"] < alert["level"] and other["state"] in _OPEN
