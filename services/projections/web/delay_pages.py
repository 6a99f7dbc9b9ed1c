"""The delays the law gives: their list, the page of one, and what is done about them."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from chassis.clock import today
from contracts.delays import DelayKind, DelayState
from contracts.identifiers import check_ine
from contracts.parcours import Why
from contracts.parcours_commands import DelayCommand, EndDelay, StartDelay
from services.projections.acts import Done, Who, command_id_of
from services.projections.commands import Refused, ServiceAway
from services.projections.reading import delays, mails, pupils
from services.projections.reading.filters import DelayFilters
from services.projections.reading.readings import Reading, Row
from services.projections.web import words_parcours as fr
from services.projections.web.access import PageKeepingDelays, PageOfParcours, Visitor, check_form
from services.projections.web.asking import PAGE_SIZE, Paging, page_of, searched, text_of
from services.projections.web.choosing import school_of
from services.projections.web.forms import Sent, sent
from services.projections.web.pages import show
from services.projections.web.parcours_page import AWAY, WAITING
from services.projections.web.problems import NotFound
from services.projections.web.searches import FIELD
from services.projections.web.site import Site, TheSite

router = APIRouter(prefix="/delais", default_response_class=HTMLResponse, include_in_schema=False)

VIEWS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "en-cours": ("En cours", (DelayState.RUNNING.value,)),
    "depasses": ("Dépassés", (DelayState.REACHED.value,)),
    "termines": ("Terminés", (DelayState.ENDED.value,)),
}
"""The tabs: what each is called and which states it holds."""
STARTED = "commence"
DONE: Mapping[str, str] = {
    "fait": "C’est noté : ce que demandait ce délai est fait.",
    "sans-objet": "C’est noté : ce délai est sans objet.",
    WAITING: "C’est enregistré. La page le montrera dans quelques instants.",
}
_ABOUT_ITS_DAY = ("date_to_come", "delay_not_in_force", "since_unlikely")  # refusals that are mended at that field
_UNKNOWN = "Aucun élève de votre territoire n’a cet INE. Vérifiez-le : onze caractères, par exemple 990000001AB."


@router.get("")
def delay_list(site: TheSite, request: Request, visitor: PageOfParcours, fait: str = "") -> str:
    """Delays: one tab at a time."""
    view, number = text_of(request, "vue"), page_of(request)
    search, sealed = searched(request, site.searches)
    view = view if view in VIEWS else "en-cours"
    with site.readings.of_parcours(visitor.scope) as reading:
        totals = {
            slug: delays.count(reading, DelayFilters(states, search=search)) for slug, (_, states) in VIEWS.items()
        }
        return show(
            site,
            request,
            visitor,
            reading,
            "delais.html",
            tabs={slug: {"name": name, "total": totals[slug]} for slug, (name, _) in VIEWS.items()},
            view=view,
            search=search,
            rows=delays.table(
                reading, DelayFilters(VIEWS[view][1], search=search), "fin", PAGE_SIZE, (number - 1) * PAGE_SIZE
            ),
            paging=Paging(number, totals[view]),
            parameters={"vue": view if view != "en-cours" else None, FIELD: sealed},
            may_keep=visitor.scope.may_keep_delays,
            today=today(site.clock),
            done=DONE[WAITING] if fait == WAITING else "",
        )


@router.get("/nouveau")
def start_page(site: TheSite, request: Request, visitor: PageKeepingDelays, eleve: str = "") -> str:
    """The form that starts one."""
    return _start_page(site, request, visitor, Sent("delai", {"eleve": eleve}) if eleve else Sent())


@router.post("/nouveau")
async def start(site: TheSite, request: Request, visitor: PageKeepingDelays) -> Response:
    """Start one."""
    form = await sent(request, "delai")
    check_form(request, visitor, form.said.get("csrf", ""))
    kind = form.choice("nature", DelayKind, "Choisissez de quel délai il s’agit.")
    since = form.day("depuis", "Indiquez la date, par exemple 12/10/2025.")
    pupil = await asyncio.to_thread(_find, site, visitor, form)
    if since > await asyncio.to_thread(today, site.clock):
        form.foresee("depuis", "Un délai commence un jour déjà venu : choisissez la date du fait qui le déclenche.")
    if form.is_wrong(("ine", "nature", "depuis")) or pupil is None:
        return await asyncio.to_thread(_start_again, site, request, visitor, form)
    who, uai = pupil
    said = {"kind": kind, "since": since, "why": Why.OTHER, "uai": uai}
    key = form.said.get("key")
    once = f"{StartDelay.SUBJECT}/{who.student_id or who.ine}/{key}" if key else None
    try:
        done = await _send(site, visitor, StartDelay, None, once, who, said)
    except Refused as refusal:
        if refusal.code in _ABOUT_ITS_DAY:
            form.errors["depuis"] = refusal.remedy or refusal.reason
        return await asyncio.to_thread(_start_again, site, request, visitor, form, refusal=refusal)
    except ServiceAway:
        return await asyncio.to_thread(_start_again, site, request, visitor, form, away=AWAY)
    if not done.shown:
        return RedirectResponse(f"/delais?fait={WAITING}", 303)  # its page does not exist yet
    return RedirectResponse(f"/delais/{done.about_id}?fait={STARTED}", 303)


@router.get("/{delay_id}")
def delay_page(site: TheSite, request: Request, visitor: PageOfParcours, delay_id: UUID, fait: str = "") -> str:
    """One delay."""
    return _page(site, request, visitor, delay_id, Sent(), fait)


@router.post("/{delay_id}/{act}")
async def end(site: TheSite, request: Request, visitor: PageKeepingDelays, delay_id: UUID, act: str) -> Response:
    """It is done, or has no object any more."""
    if act not in ("fait", "sans-objet"):
        raise NotFound
    form = await sent(request, act)
    check_form(request, visitor, form.said.get("csrf", ""))
    why = Why.OTHER if act == "fait" else form.choice("pourquoi", Why, "Dites pourquoi.")
    if form.errors:
        return await asyncio.to_thread(_again, site, request, visitor, delay_id, form)
    key = form.said.get("key")
    once = f"{EndDelay.SUBJECT}/{delay_id}/{act}/{key}" if key else None
    try:
        done = await _send(site, visitor, EndDelay, delay_id, once, None, {"done": act == "fait", "why": why})
    except Refused as refusal:
        return await asyncio.to_thread(_again, site, request, visitor, delay_id, form, refusal=refusal)
    except ServiceAway:
        return await asyncio.to_thread(_again, site, request, visitor, delay_id, form, away=AWAY)
    return RedirectResponse(f"/delais/{delay_id}?fait={act if done.shown else WAITING}", 303)


async def _send(
    site: Site,
    visitor: Visitor,
    contract: type[DelayCommand],
    delay_id: UUID | None,
    once: str | None,
    who: Who | None,
    said: dict[str, Any],
) -> Done:
    command_id = command_id_of(visitor.actor_id, once)
    return await site.acts.on_delay(visitor.scope, contract, delay_id, command_id, who, **said)


def _find(site: Site, visitor: Visitor, form: Sent) -> tuple[Who, str] | None:
    """The pupil that the form names, and the school; what is wrong is said in the form."""
    ine = form.said.get("ine", "").replace(" ", "").upper()
    with site.readings.of_parcours(visitor.scope) as reading:
        row = _named(reading, form)
        if row is not None:
            return Who(student_id=row["student_id"]), school_of(reading, row)
        found = pupils.by_ine(reading, ine) if _is_ine(ine) else None
        if found is None or not visitor.scope.includes(found["uai"] or ""):
            form.errors["ine"] = _UNKNOWN
            return None
        return Who(ine=ine), found["uai"]


def _is_ine(text: str) -> bool:
    try:
        check_ine(text)
    except ValueError:
        return False
    return True


def _named(reading: Reading, form: Sent) -> Row | None:
    """The pupil whose id stands in the form, if in sight."""
    student_id = form.identifier("eleve")
    return pupils.one(reading, student_id) if student_id else None


def _start_page(site: Site, request: Request, visitor: Visitor, form: Sent, **wrong: Any) -> str:
    with site.readings.of_parcours(visitor.scope) as reading:
        return show(
            site,
            request,
            visitor,
            reading,
            "delai_nouveau.html",
            pupil=_named(reading, form),
            today=today(site.clock),
            key=(form.said.get("key") if wrong.get("away") else "") or uuid4().hex,
            form=form,
            **{"refusal": None, "away": "", **wrong},
        )


def _start_again(site: Site, request: Request, visitor: Visitor, form: Sent, **wrong: Any) -> Response:
    return HTMLResponse(_start_page(site, request, visitor, form, **wrong), _status(wrong))


def _again(site: Site, request: Request, visitor: Visitor, delay_id: UUID, form: Sent, **wrong: Any) -> Response:
    return HTMLResponse(_page(site, request, visitor, delay_id, form, **wrong), _status(wrong))


def _status(wrong: Mapping[str, Any]) -> int:
    return 503 if wrong.get("away") else 409 if wrong.get("refusal") else 422


def _page(
    site: Site, request: Request, visitor: Visitor, delay_id: UUID, form: Sent, fait: str = "", **wrong: Any
) -> str:
    scope, day = visitor.scope, today(site.clock)
    with site.readings.of_parcours(scope) as reading:
        row = delays.one(reading, delay_id)
        if row is None:
            raise NotFound
        others = delays.of_pupil(reading, row["student_id"])
        return show(
            site,
            request,
            visitor,
            reading,
            "delai.html",
            row=row,
            timeline=delays.timeline(reading, delay_id),
            mails=mails.page(reading, mails.MailFilters(about_id=delay_id), 100) if scope.sees_alerts else None,
            others=[each for each in others if each["delay_id"] != delay_id],
            may_keep=scope.may_keep_delays,
            today=day,
            key=(form.said.get("key") if wrong.get("away") else "") or uuid4().hex,
            done=fr.started(row["kind"], row["until"], day) if fait == STARTED else DONE.get(fait, ""),
            form=form,
            **{"refusal": None, "away": "", **wrong},
        )
