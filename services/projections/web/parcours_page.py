"""The page of one parcours: how long it still runs, what it holds, what can be done, and its history."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from chassis.clock import today
from contracts.directory import Role
from services.projections.commands import Refused
from services.projections.reading import mails, parcours, pupils
from services.projections.reading.readings import Reading
from services.projections.web.access import PageOfParcours, Visitor
from services.projections.web.choosing import school_in_sight
from services.projections.web.forms import Sent
from services.projections.web.pages import show
from services.projections.web.problems import NotFound
from services.projections.web.site import Site, TheSite
from services.projections.web.words import ROLES

router = APIRouter(prefix="/parcours/{parcours_id}", default_response_class=HTMLResponse, include_in_schema=False)

WAITING = "attente"
DONE: Mapping[str, str] = {
    "ouvert": "Le parcours est ouvert.",
    "propose": "Le parcours est proposé. Ouvrez-le quand l’élève est d’accord, ou écartez-le.",
    "ecartement": "La proposition est écartée.",
    "convention": "La convention est enregistrée.",
    "referent": "Le référent est désigné.",
    "periode": "La période en entreprise est ajoutée.",
    "modifier": "Les dates de la période sont changées.",
    "annuler": "La période en entreprise est annulée.",
    "point": "Le point d’étape est consigné.",
    "suspension": "Le parcours est suspendu.",
    "reprise": "Le parcours a repris.",
    "prolongation": "Le parcours est prolongé.",
    "cloture": "Le parcours est clos.",
    WAITING: "C’est enregistré. La page le montrera dans quelques instants.",
}
"""What is said after an act, by the word that stands in the address."""
AWAY = "Le service des parcours ne répond pas. Rien n’est perdu : réessayez dans un instant."
_MAY_REFER = (Role.REFERENT, Role.RDS, Role.CPE, Role.CHEF_ETAB, Role.COORD_MLDS)


@router.get("")
def parcours_page(site: TheSite, request: Request, visitor: PageOfParcours, parcours_id: UUID, fait: str = "") -> str:
    """One parcours."""
    return page(site, request, visitor, parcours_id, Sent(), done=DONE.get(fait, ""))


async def again(
    site: Site,
    request: Request,
    visitor: Visitor,
    parcours_id: UUID,
    form: Sent,
    *,
    refusal: Refused | None = None,
    away: str = "",
) -> Response:
    """The same page with what was sent and what is wrong with it."""
    html = await asyncio.to_thread(page, site, request, visitor, parcours_id, form, refusal=refusal, away=away)
    return HTMLResponse(html, 503 if away else 409 if refusal else 422)


def page(
    site: Site,
    request: Request,
    visitor: Visitor,
    parcours_id: UUID,
    form: Sent,
    *,
    refusal: Refused | None = None,
    away: str = "",
    done: str = "",
) -> str:
    """The page. Raises NotFound, NotForThisRole."""
    scope, day = visitor.scope, today(site.clock)
    with site.readings.of_parcours(scope) as reading:
        row = parcours.one(reading, parcours_id)
        if row is None:
            raise NotFound
        others = parcours.of_pupil(reading, row["student_id"])
        pupil = pupils.one(reading, row["student_id"])
        return show(
            site,
            request,
            visitor,
            reading,
            "un_parcours.html",
            row=row,
            timeline=parcours.timeline(reading, parcours_id),
            placements=parcours.placements(reading, parcours_id),
            others=[each for each in others if each["parcours_id"] != parcours_id],
            mails=_mails(reading, parcours_id),
            referents=referents(site, row["uai"]) if scope.may_lead else {},
            may_lead=scope.may_lead,
            may_begin=scope.may_lead and pupil is not None and school_in_sight(reading, pupil) is not None,
            sees_alert=scope.sees_alerts,
            today=day,
            soon=day + parcours.SOON,
            # The same form sent twice is one act: after no answer it keeps its key.
            key=(form.said.get("key") if away else "") or uuid4().hex,
            form=form,
            refusal=refusal,
            away=away,
            done=done,
        )


def referents(site: Site, uai: str) -> dict[str, str]:
    """Who may follow a pupil of this school, by id."""
    school, day = site.directory.school(uai), today(site.clock)
    return {
        actor.id: f"{actor.name} ({ROLES[actor.role]})"
        for actor in site.directory.actors()
        if school and actor.role in _MAY_REFER and actor.covers(school) and actor.in_charge_on(day)
    }


def _mails(reading: Reading, parcours_id: UUID) -> list[dict[str, Any]] | None:
    if not reading.scope.sees_alerts:
        return None
    return mails.page(reading, mails.MailFilters(about_id=parcours_id), 100)
