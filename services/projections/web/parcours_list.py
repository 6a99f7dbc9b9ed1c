"""The list of parcours, as a page and as a file that a French spreadsheet opens as it is."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from chassis.clock import today
from chassis.logs import Log
from services.projections.reading import parcours
from services.projections.reading.readings import Row
from services.projections.web import words_parcours as fr
from services.projections.web.access import PageOfParcours
from services.projections.web.asking import PAGE_SIZE, Paging
from services.projections.web.asking_parcours import VIEWS, AskedParcours
from services.projections.web.export import spreadsheet
from services.projections.web.pages import show
from services.projections.web.parcours_page import DONE, WAITING
from services.projections.web.site import TheSite

log = Log("web")
router = APIRouter(include_in_schema=False)
SORT_NAMES: Mapping[str, str] = {
    "fin": "de la fin la plus proche à la plus lointaine",
    "recents": "du plus récent au plus ancien",
    "eleve": "par nom d’élève",
    "etablissement": "par établissement",
}
_MOST_EXPORTED = 100_000
_HEADER = (
    "nom", "prenom", "ine", "classe", "uai", "etablissement", "type", "etat", "debut", "fin", "jours_pfmp",
    "jours_pfmp_possibles", "partenaires", "referent", "prochain_point", "issue", "clos_le",
)  # fmt: skip


@router.get("/parcours", response_class=HTMLResponse)
def parcours_list(site: TheSite, request: Request, visitor: PageOfParcours, fait: str = "") -> str:
    """Parcours: one tab at a time, filtered, sorted, a page at a time."""
    asked, day = AskedParcours.of(request, site.searches), today(site.clock)
    with site.readings.of_parcours(visitor.scope) as reading:
        tabs: dict[str, dict[str, Any]] = {
            slug: {"name": name, "total": parcours.count(reading, asked.tab(slug).filters(day))}
            for slug, (name, _) in VIEWS.items()
        }
        return show(
            site,
            request,
            visitor,
            reading,
            "parcours.html",
            asked=asked,
            tabs=tabs,
            rows=parcours.table(reading, asked.filters(day), asked.sort, PAGE_SIZE, asked.skip),
            paging=Paging(asked.page, tabs[asked.view]["total"]),
            sort_names=SORT_NAMES,
            may_lead=visitor.scope.may_lead,
            today=day,
            done=DONE[WAITING] if fait == WAITING else "",
        )


@router.get("/parcours.csv")
def export(site: TheSite, request: Request, visitor: PageOfParcours) -> Response:
    """The parcours that the page of the same filters lists, all pages in one."""
    asked, day, names = AskedParcours.of(request, site.searches), today(site.clock), site.names
    with site.readings.of_parcours(visitor.scope) as reading:
        rows = parcours.table(reading, asked.filters(day), asked.sort, _MOST_EXPORTED)
    log.info("parcours.exported", actor=visitor.actor_id, rows=len(rows))
    lines = (_line(row, names.school(row["uai"]), names.person(row["referent_id"])) for row in rows)
    return spreadsheet("parcours", day, _HEADER, lines)


def _line(row: Row, school: str, referent: str) -> list[str]:
    return [
        row["last_name"] or "",
        row["first_name"] or "",
        row["ine"] or "",
        row["class_name"] or "",
        row["uai"],
        school,
        fr.SCHEMES[row["scheme"]],
        fr.STATES[row["state"]],
        _day(row["starts_on"]),
        _day(row["ends_on"]),
        _number(row["placement_days"]),
        _number(row["most_placement_days"]),
        fr.partners(row["partners"]),
        referent,
        _day(row["next_review_on"]),
        fr.OUTCOMES[row["outcome"]] if row["outcome"] else "",
        _day(row["closed_on"]),
    ]


def _day(value: Any) -> str:
    return value.strftime("%d/%m/%Y") if value else ""


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
