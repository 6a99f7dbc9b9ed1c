"""What people do on the page of a parcours: one form for each act, all of them sent the same way."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from chassis.clock import today
from contracts import parcours_commands as asked
from contracts.parcours import Outcome, Partner, Why
from contracts.parcours_commands import ParcoursCommand
from services.projections.acts import command_id_of
from services.projections.commands import Refused, ServiceAway
from services.projections.reading import parcours
from services.projections.web.access import PageLeading, Visitor, check_form
from services.projections.web.forms import Sent, sent
from services.projections.web.parcours_page import AWAY, WAITING, again, referents
from services.projections.web.problems import NotFound
from services.projections.web.site import Site, TheSite
from services.projections.web.words import day as written

router = APIRouter(prefix="/parcours/{parcours_id}", default_response_class=HTMLResponse, include_in_schema=False)
_NO_DAY = "Indiquez la date, par exemple 12/10/2025."
FIELDS_OF_REFUSAL: Mapping[str, tuple[str, ...]] = {
    "placement_end_before_start": ("au",),
    "placement_outside": ("du",),
    "placement_overlaps": ("du",),
    "placement_in_pause": ("du",),
    "too_much_placement": ("au",),
    "signing_unlikely": ("signee",),
    "convention_outside": ("depuis",),
    "review_outside": ("le",),
    "suspension_outside": ("le",),
    "resumption_outside": ("le",),
    "date_to_come": ("le", "signee"),
    "closing_before_start": ("le",),
    "not_later": ("fin",),
    "too_long": ("fin",),
}
"""Where to mend what was refused, by the code of the refusal: the first of these that the form has."""


_PAST: Mapping[str, str] = {"signed_on": "signee", "held_on": "le", "closed_on": "le"}
"""Days that have come when they are told, and their fields."""


@dataclass(frozen=True)
class Act:
    """A form of the page: the command it becomes, and how its fields are read."""

    contract: type[ParcoursCommand]
    read: Callable[[Sent], dict[str, Any]]


def _why(form: Sent) -> dict[str, Any]:
    return {"why": form.choice("pourquoi", Why, "Dites pourquoi.")}


def _since(form: Sent) -> dict[str, Any]:
    return _why(form) | {"since": form.day("le", _NO_DAY)}


def _days(form: Sent) -> dict[str, Any]:
    return {
        "starts_on": form.day("du", "Indiquez le premier jour de la période."),
        "ends_on": form.day("au", "Indiquez le dernier jour de la période."),
    }


def _convention(form: Sent) -> dict[str, Any]:
    return {
        "partner": form.choice("partenaire", Partner, "Choisissez le partenaire."),
        "signed_on": form.day("signee", "Indiquez la date de signature."),
        "since": form.day("depuis", "Indiquez à partir de quand l’élève est accueilli."),
    }


def _referent(form: Sent) -> dict[str, Any]:
    return {"referent_id": form.said.get("referent", "")}


def _review(form: Sent) -> dict[str, Any]:
    return {"held_on": form.day("le", "Indiquez la date du point d’étape.")}


def _extension(form: Sent) -> dict[str, Any]:
    return _why(form) | {"ends_on": form.day("fin", "Indiquez le nouveau dernier jour.")}


def _closing(form: Sent) -> dict[str, Any]:
    return _why(form) | {
        "outcome": form.choice("issue", Outcome, "Dites ce qu’est devenu l’élève."),
        "closed_on": form.day("le", _NO_DAY),
    }


ACTS: Mapping[str, Act] = {
    "ecartement": Act(asked.RefuseParcours, _why),
    "convention": Act(asked.SignConvention, _convention),
    "referent": Act(asked.AppointReferent, _referent),
    "periode": Act(asked.PlanPlacement, _days),
    "point": Act(asked.HoldReview, _review),
    "suspension": Act(asked.SuspendParcours, _since),
    "reprise": Act(asked.ResumeParcours, _since),
    "prolongation": Act(asked.ExtendParcours, _extension),
    "cloture": Act(asked.CloseParcours, _closing),
}
ON_PLACEMENT: Mapping[str, Act] = {
    "modifier": Act(asked.ChangePlacement, lambda form: _days(form) | _why(form)),
    "annuler": Act(asked.CancelPlacement, _why),
}


@router.post("/{act}")
async def do(site: TheSite, request: Request, visitor: PageLeading, parcours_id: UUID, act: str) -> Response:
    """An act on the parcours."""
    if act not in ACTS:
        raise NotFound
    form = await sent(request, act)
    check_form(request, visitor, form.said.get("csrf", ""))
    said = ACTS[act].read(form)
    if act == "referent":
        await asyncio.to_thread(_check_referent, site, visitor, parcours_id, form)
    return await _send(site, request, visitor, parcours_id, form, act, ACTS[act].contract, said)


@router.post("/periodes/{placement_id}/{act}")
async def on_placement(
    site: TheSite, request: Request, visitor: PageLeading, parcours_id: UUID, placement_id: UUID, act: str
) -> Response:
    """An act on a period in a company."""
    if act not in ON_PLACEMENT:
        raise NotFound
    form = await sent(request, f"{act}-{placement_id}")
    check_form(request, visitor, form.said.get("csrf", ""))
    said = ON_PLACEMENT[act].read(form) | {"placement_id": placement_id}
    return await _send(site, request, visitor, parcours_id, form, act, ON_PLACEMENT[act].contract, said)


async def _send(
    site: Site,
    request: Request,
    visitor: Visitor,
    parcours_id: UUID,
    form: Sent,
    act: str,
    contract: type[ParcoursCommand],
    said: dict[str, Any],
) -> Response:
    _foresee(form, said, await asyncio.to_thread(today, site.clock))
    if form.is_wrong():
        return await again(site, request, visitor, parcours_id, form)
    key = form.said.get("key")
    once = f"{contract.SUBJECT}/{parcours_id}/{said.get('placement_id', '')}/{key}" if key else None
    command_id = command_id_of(visitor.actor_id, once)
    try:
        done = await site.acts.on_parcours(visitor.scope, contract, parcours_id, command_id, **said)
    except Refused as refusal:
        field = next((name for name in FIELDS_OF_REFUSAL.get(refusal.code, ()) if name in form.said), None)
        if field:
            form.errors[field] = refusal.remedy or refusal.reason
        return await again(site, request, visitor, parcours_id, form, refusal=refusal)
    except ServiceAway:
        return await again(site, request, visitor, parcours_id, form, away=AWAY)
    return RedirectResponse(f"/parcours/{parcours_id}?fait={act if done.shown else WAITING}", 303)


def _foresee(form: Sent, said: Mapping[str, Any], day: date) -> None:
    """What the service would refuse whatever the parcours, to be said beside what is missing."""
    for name, place in _PAST.items():
        if name in said and said[name] > day:
            form.foresee(place, "Choisissez un jour déjà venu.")
    for first, last, place in (("starts_on", "ends_on", "au"), ("signed_on", "since", "depuis")):
        if first in said and last in said and said[last] < said[first]:
            form.foresee(place, f"Choisissez un jour à partir du {written(said[first])}.")


def _check_referent(site: Site, visitor: Visitor, parcours_id: UUID, form: Sent) -> None:
    with site.readings.of_parcours(visitor.scope) as reading:
        row = parcours.one(reading, parcours_id)
    if row is None:
        raise NotFound
    if form.said.get("referent") not in referents(site, row["uai"]):
        form.errors["referent"] = "Choisissez qui suit l’élève."
