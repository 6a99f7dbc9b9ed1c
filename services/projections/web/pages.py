"""The pages that show lists and figures."""

from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from chassis.clock import today
from contracts.alerts import AlertState
from contracts.delays import DelayState
from contracts.identifiers import month_of
from services.projections.reading import alerts, counts, delays, freshness, mails, parcours
from services.projections.reading.filters import AlertFilters, ApproachFilters, DelayFilters, ParcoursFilters
from services.projections.reading.readings import Reading
from services.projections.scope import Sees
from services.projections.web import words
from services.projections.web.access import PageOfPupils, PageVisitor, Visitor
from services.projections.web.asking import PAGE_SIZE, Asked, Paging
from services.projections.web.figures import Figures
from services.projections.web.site import Site, TheSite

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


def show(site: Site, request: Request, visitor: Visitor, reading: Reading, template: str, **more: Any) -> str:
    """A page for somebody signed in."""
    return site.views.render(
        template,
        visitor=visitor,
        demo=site.settings.demo,
        here=request.url.path,
        fresh_at=freshness.latest(reading),
        names=site.names,
        **more,
    )


@router.get("/")
def home(site: TheSite, request: Request, visitor: PageVisitor) -> str:
    """What waits today, and the figures of the territory."""
    scope, day = visitor.scope, today(site.clock)
    if scope.sees is Sees.NOTHING:
        return site.views.render("sans-page.html", visitor=visitor, demo=site.settings.demo)
    if scope.sees is Sees.PARCOURS:
        with site.readings.of_parcours(scope) as reading:
            return show(site, request, visitor, reading, "accueil_partenaire.html", **_followed(reading, day))
    with site.readings.of_counts(scope) as reading:
        figures = Figures(counts.by_school(reading), counts.by_month(reading))
        if scope.sees is Sees.COUNTS:
            told = figures.told(scope) if scope.hides_few else None
            return show(site, request, visitor, reading, "chiffres.html", figures=figures, told=told)
    month = month_of(day)
    with site.readings.of_pupils(scope) as reading:
        return show(
            site,
            request,
            visitor,
            reading,
            "accueil.html",
            figures=figures,
            month=month,
            approaching=alerts.count_approaching(reading, ApproachFilters(month)),
            troubled={state: mails.count(reading, mails.MailFilters((state,))) for state in mails.TROUBLED},
            waiting=alerts.table(reading, AlertFilters(states=(AlertState.RAISED,), worst=True), "anciennes", 5),
            **_followed(reading, day),
        )


def _followed(reading: Reading, day: date) -> dict[str, Any]:
    """What a home page tells of parcours and delays."""
    ending = ParcoursFilters(states=parcours.RUNNING, ends_by=day + parcours.SOON)
    return {
        "parcours": parcours.counts_by_state(reading, day),
        "delays": {state.value: delays.count(reading, DelayFilters((state.value,))) for state in DelayState},
        "ending": parcours.table(reading, ending, "fin", 5),
        "today": day,
    }


@router.get("/alertes")
def alert_list(site: TheSite, request: Request, visitor: PageOfPupils) -> str:
    """Alerts: filtered, sorted, a page at a time."""
    asked = Asked.of(request, site.searches)
    with site.readings.of_pupils(visitor.scope) as reading:
        rows = alerts.table(reading, asked.alerts(), asked.sort, PAGE_SIZE, asked.skip)
        return show(
            site,
            request,
            visitor,
            reading,
            "alertes.html",
            asked=asked,
            rows=rows,
            paging=Paging.of(asked.page, rows, lambda: alerts.count(reading, asked.alerts())),
            months=alerts.months(reading),
            classes=alerts.classes(reading),
        )


@router.get("/approche")
def approach_list(site: TheSite, request: Request, visitor: PageOfPupils) -> str:
    """Pupils one half-day short of a level."""
    asked = Asked.of(request, site.searches)
    with site.readings.of_pupils(visitor.scope) as reading:
        rows = alerts.approaching(reading, asked.approaches(), PAGE_SIZE, asked.skip)
        return show(
            site,
            request,
            visitor,
            reading,
            "approche.html",
            asked=asked,
            rows=rows,
            paging=Paging.of(asked.page, rows, lambda: alerts.count_approaching(reading, asked.approaches())),
            months=alerts.approach_months(reading),
        )


@router.get("/courriels")
def mail_journal(site: TheSite, request: Request, visitor: PageOfPupils) -> str:
    """Every e-mail that had to be written about these schools."""
    asked = Asked.of(request, site.searches)
    state = request.query_params.get("etat", "")
    state = state if state in mails.STATES or state == words.TO_CHECK else ""
    states = mails.TROUBLED if state == words.TO_CHECK else (state,) if state else ()
    filters = mails.MailFilters(states, uai=asked.uai)
    with site.readings.of_pupils(visitor.scope) as reading:
        rows = mails.table(reading, filters, PAGE_SIZE, asked.skip)
        return show(
            site,
            request,
            visitor,
            reading,
            "courriels.html",
            asked=asked,
            state=state,
            rows=rows,
            paging=Paging.of(asked.page, rows, lambda: mails.count(reading, filters)),
        )
