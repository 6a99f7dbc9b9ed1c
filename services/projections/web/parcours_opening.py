"""Opening a parcours, or proposing one: from an alert, for a pupil, or what was proposed before."""

import asyncio
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from chassis.clock import today
from contracts.parcours import ParcoursState, Scheme
from contracts.parcours_commands import OpenParcours, ParcoursCommand, ProposeParcours
from services.projections.acts import Who, command_id_of
from services.projections.commands import Refused, ServiceAway
from services.projections.reading import alerts, parcours, pupils
from services.projections.reading.readings import Reading, Row
from services.projections.web.access import PageLeading, Visitor, check_form
from services.projections.web.choosing import Purpose, choose, chosen, school_of
from services.projections.web.forms import Sent, sent
from services.projections.web.opening_form import FIELDS, SITUATIONS, opening_of, proposal_of, scheme_of
from services.projections.web.pages import show
from services.projections.web.parcours_page import AWAY, WAITING
from services.projections.web.problems import NotFound
from services.projections.web.site import Site, TheSite
from services.projections.web.words import day as written
from services.projections.web.words_parcours import AFTER_THE_EXAM

router = APIRouter(prefix="/parcours", default_response_class=HTMLResponse, include_in_schema=False)

ACT = "ouverture"
USUAL_MONTHS: Mapping[Scheme, int] = {
    Scheme.TDO: 3,
    Scheme.PAFI: 3,
    Scheme.AMBITION_EMPLOI: 4,
    Scheme.AVENIR_PRO_PLUS: 4,
}
"""How long a parcours is proposed to last: a starting point for the form. The service knows the limits."""
FIELD_OF_REFUSAL: Mapping[str, str] = {
    "end_before_start": "fin",
    "too_long": "fin",
    "starts_before_rentree": "debut",
    "start_unlikely": "debut",
    "scheme_not_in_force": "debut",
    "not_renewable": "type",
    "not_a_volunteer": "volontaire",
    "solutions_not_tried": "solutions",
    "cycle_not_finished": "diplome",
    "not_the_last_session": "session",
    "in_job": "situation",
    "in_training": "situation",
    "too_young": "debut",
    "gpds_missing": "gpds",
    "gpds_unlikely": "gpds",
}
"""Where to mend what was refused, by the code of the refusal."""
_PURPOSE = Purpose("Ouvrir un parcours", "/parcours", "Parcours")
_UNDER_WAY = (ParcoursState.PROPOSED, *parcours.RUNNING)


@dataclass(frozen=True)
class Subject:
    """Whom the form is for, and what it comes from."""

    pupil: Row
    uai: str
    alert: Row | None = None
    row: Row | None = None  # the proposal


@router.get("/nouveau")
def opening_page(site: TheSite, request: Request, visitor: PageLeading, alerte: str = "", eleve: str = "") -> Response:
    """The form, or the choice of the pupil it is for."""
    with site.readings.of_pupils(visitor.scope) as reading:
        subject = _subject(reading, alerte, eleve)
        if subject is None:
            return choose(site, request, visitor, reading, _PURPOSE)
        return HTMLResponse(_page(site, request, visitor, reading, subject, Sent()))


@router.post("/nouveau")
async def open_or_propose(site: TheSite, request: Request, visitor: PageLeading) -> Response:
    """Open it, or propose it only; a search for a pupil comes here too, so that no name stands in an address."""
    form = await sent(request, ACT)
    check_form(request, visitor, form.said.get("csrf", ""))
    if "recherche" in form.said:
        return await asyncio.to_thread(chosen, site, request, visitor, _PURPOSE, form.said["recherche"])
    alert_id, student_id = form.identifier("alerte"), form.identifier("eleve")
    about: dict[str, Any] = {
        "uai": form.said.get("etablissement", ""),
        "scheme": scheme_of(form),
        "alert_id": alert_id,
    }
    if form.said.get("geste") == "proposer":
        said = about | proposal_of(form)
        return await _send(site, request, visitor, form, ProposeParcours, None, student_id, said)
    said = about | opening_of(form, about["scheme"])
    return await _send(site, request, visitor, form, OpenParcours, None, student_id, said)


@router.get("/{parcours_id}/ouvrir")
def proposed_page(site: TheSite, request: Request, visitor: PageLeading, parcours_id: UUID) -> Response:
    """The form for what was proposed."""
    with site.readings.of_pupils(visitor.scope) as reading:
        subject = _proposal(reading, parcours_id)
        if subject.row is not None and subject.row["state"] != ParcoursState.PROPOSED:
            return RedirectResponse(f"/parcours/{parcours_id}", 303)
        return HTMLResponse(_page(site, request, visitor, reading, subject, Sent()))


@router.post("/{parcours_id}/ouvrir")
async def open_proposed(site: TheSite, request: Request, visitor: PageLeading, parcours_id: UUID) -> Response:
    """Open what was proposed."""
    form = await sent(request, ACT)
    check_form(request, visitor, form.said.get("csrf", ""))
    said = opening_of(form, scheme_of(form)) | {"alert_id": form.identifier("alerte")}
    return await _send(site, request, visitor, form, OpenParcours, parcours_id, None, said)


async def _send(
    site: Site,
    request: Request,
    visitor: Visitor,
    form: Sent,
    contract: type[ParcoursCommand],
    parcours_id: UUID | None,
    student_id: UUID | None,
    said: dict[str, Any],
) -> Response:
    if form.is_wrong(FIELDS):
        return await asyncio.to_thread(_again, site, request, visitor, parcours_id, form)
    key = form.said.get("key")
    once = f"{contract.SUBJECT}/{parcours_id or student_id}/{key}" if key else None
    command_id = command_id_of(visitor.actor_id, once)
    try:
        done = await site.acts.on_parcours(
            visitor.scope, contract, parcours_id, command_id, Who(student_id=student_id), **said
        )
    except Refused as refusal:
        return await asyncio.to_thread(_again, site, request, visitor, parcours_id, form, refusal=refusal)
    except ServiceAway:
        return await asyncio.to_thread(_again, site, request, visitor, parcours_id, form, away=AWAY)
    if not done.shown and parcours_id is None:
        return RedirectResponse(f"/parcours?fait={WAITING}", 303)  # its page does not exist yet
    told = "propose" if contract is ProposeParcours else "ouvert"
    return RedirectResponse(f"/parcours/{done.about_id}?fait={told if done.shown else WAITING}", 303)


def _again(
    site: Site, request: Request, visitor: Visitor, parcours_id: UUID | None, form: Sent, **wrong: Any
) -> Response:
    """The same form with what was sent and what is wrong with it."""
    with site.readings.of_pupils(visitor.scope) as reading:
        if parcours_id is not None:
            subject: Subject | None = _proposal(reading, parcours_id)
        else:
            subject = _subject(reading, form.said.get("alerte", ""), form.said.get("eleve", ""))
        if subject is None:
            raise NotFound
        html = _page(site, request, visitor, reading, subject, form, **wrong)
    return HTMLResponse(html, 503 if wrong.get("away") else 409 if wrong.get("refusal") else 422)


def _subject(reading: Reading, alert_id: str, student_id: str) -> Subject | None:
    """Whom the address names; None where it names nobody. Raises NotFound."""
    if not (alert_id or student_id):
        return None
    try:
        alert = alerts.one(reading, UUID(alert_id)) if alert_id else None
        pupil_id = alert["student_id"] if alert else UUID(student_id)
    except ValueError:
        raise NotFound from None
    pupil = pupils.one(reading, pupil_id)
    if pupil is None:
        raise NotFound
    return Subject(pupil, alert["uai"] if alert else school_of(reading, pupil), alert)


def _proposal(reading: Reading, parcours_id: UUID) -> Subject:
    row = parcours.one(reading, parcours_id)
    if row is None:
        raise NotFound
    alert = alerts.one(reading, row["alert_id"]) if row["alert_id"] else None
    pupil = pupils.one(reading, row["student_id"])
    return Subject(pupil or row | {"birth_date": None}, row["uai"], alert, row)


def _page(
    site: Site,
    request: Request,
    visitor: Visitor,
    reading: Reading,
    subject: Subject,
    form: Sent,
    refusal: Refused | None = None,
    away: str = "",
) -> str:
    day, row = today(site.clock), subject.row
    scheme = Scheme(row["scheme"]) if row else Scheme.TDO
    longest = written(last_day(day, USUAL_MONTHS[Scheme.AVENIR_PRO_PLUS]))
    limit = f"Ambition emploi et AvenirPro+ : au plus tard le {longest} pour un début aujourd’hui."
    field = FIELD_OF_REFUSAL.get(refusal.code, "") if refusal else ""
    if refusal and refusal.code == "too_young" and "age" in form.said:
        field = "age"  # the register does not know it: the field is there
    if refusal and field:
        form.errors[field] = refusal.remedy or refusal.reason
    born = subject.pupil["birth_date"]
    others = parcours.of_pupil(reading, subject.pupil["student_id"])
    return show(
        site,
        request,
        visitor,
        reading,
        "parcours_ouvrir.html",
        pupil=subject.pupil,
        uai=subject.uai,
        alert=subject.alert,
        row=row,
        others=[
            each
            for each in others
            if each["state"] in _UNDER_WAY and (row is None or each["parcours_id"] != row["parcours_id"])
        ],
        age=_age(born, day) if born else None,
        gpds_on=row["gpds_on"] if row else None,
        today=day,
        ends_on=last_day(day, USUAL_MONTHS[scheme]),
        end_hint=limit if row is None or scheme in AFTER_THE_EXAM else "",
        months=USUAL_MONTHS,
        session=day.year if day.month >= 7 else day.year - 1,
        situations=SITUATIONS,
        key=(form.said.get("key") if away else "") or uuid4().hex,
        form=form,
        refusal=refusal,
        away=away,
    )


def last_day(first: date, months: int) -> date:
    """The last day of so many months from `first`, that day included."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    longest = monthrange(year, month + 1)[1]
    same = date(year, month + 1, min(first.day, longest))
    return same - timedelta(days=1) if first.day <= longest else same


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
