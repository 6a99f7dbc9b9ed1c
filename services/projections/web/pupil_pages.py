"""The pupils of the schools in sight, and all there is about one of them on one page."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from chassis.clock import today
from services.projections.acts import age
from services.projections.reading import alerts, delays, parcours, pupils, roster
from services.projections.reading.filters import ApproachFilters
from services.projections.reading.roster import RosterFilters
from services.projections.web.access import PageOfPupils
from services.projections.web.asking import PAGE_SIZE, Paging, page_of, searched, text_of
from services.projections.web.choosing import school_in_sight
from services.projections.web.pages import show
from services.projections.web.problems import NotFound
from services.projections.web.searches import FIELD, Searches
from services.projections.web.site import TheSite

router = APIRouter(prefix="/eleves", default_response_class=HTMLResponse, include_in_schema=False)
MANY_SCHOOLS = 100
"""Of more schools, nobody reads the list of all pupils, and it takes long: a school or a name is asked for first.

Nor is a list refreshed by itself then: it would be put together of all their pupils.
"""
_USUAL = "nom"
SORT_NAMES: Mapping[str, str] = {_USUAL: "par nom", "classe": "par classe"}


@dataclass(frozen=True)
class AskedPupils:
    """What somebody asked of the list; what could not be understood is left out, as if not asked."""

    filters: RosterFilters
    sealed: str
    sort: str
    page: int

    @classmethod
    def of(cls, request: Request, searches: Searches) -> "AskedPupils":
        """From the address of the page."""
        search, sealed = searched(request, searches)
        uai, class_name, sort = (text_of(request, name) for name in ("etablissement", "classe", "tri"))
        filters = RosterFilters(uai.upper() or None, class_name or None, search)
        return cls(filters, sealed, sort if sort in SORT_NAMES else _USUAL, page_of(request))

    @property
    def skip(self) -> int:
        """How many rows come before this page."""
        return (self.page - 1) * PAGE_SIZE

    @property
    def parameters(self) -> Mapping[str, object]:
        """The same, for the addresses of other pages of the list; without the page number."""
        return {
            "etablissement": self.filters.uai,
            "classe": self.filters.class_name,
            FIELD: self.sealed,
            "tri": self.sort if self.sort != _USUAL else None,
        }

    @property
    def narrows(self) -> bool:
        """Whether anything narrows the list."""
        return self.filters != RosterFilters()


@router.get("")
def pupil_list(site: TheSite, request: Request, visitor: PageOfPupils) -> str:
    """Who is on the roll: filtered, sorted, a page at a time."""
    asked = AskedPupils.of(request, site.searches)
    many = len(visitor.scope.schools) > MANY_SCHOOLS
    too_wide = many and not asked.filters.uai and not asked.filters.search.strip()
    # Of a whole territory they would be hundreds, of as many schools, and all its pupils would be read for them.
    school = asked.filters.uai or (visitor.scope.uais[0] if len(visitor.scope.uais) == 1 else None)
    with site.readings.of_pupils(visitor.scope) as reading:
        rows = [] if too_wide else roster.table(reading, asked.filters, asked.sort, PAGE_SIZE, asked.skip)
        return show(
            site,
            request,
            visitor,
            reading,
            "eleves.html",
            asked=asked,
            sort_names=SORT_NAMES,
            too_wide=too_wide,
            rows=rows,
            paging=Paging(1, 0)
            if too_wide
            else Paging.of(asked.page, rows, lambda: roster.count(reading, asked.filters)),
            still=many,
            classes=roster.classes(reading, school) if school else [],
        )


@router.get("/{student_id}")
def pupil_page(site: TheSite, request: Request, visitor: PageOfPupils, student_id: UUID) -> str:
    """One pupil: where on the roll, alerts, early warnings, parcours and delays."""
    day = today(site.clock)
    with site.readings.of_pupils(visitor.scope) as reading:
        pupil = pupils.one(reading, student_id)
        if pupil is None:
            raise NotFound
        rolls = pupils.enrolments(reading, student_id)
        may_act = school_in_sight(reading, pupil) is not None
        return show(
            site,
            request,
            visitor,
            reading,
            "eleve.html",
            pupil=pupil,
            age=age(pupil["birth_date"], day) if pupil["birth_date"] else None,
            class_name=pupils.class_of(reading, pupil, rolls),
            enrolments=rolls,
            alerts=alerts.of_pupil(reading, student_id),
            approaching=alerts.approaching(reading, ApproachFilters(student_id=student_id), PAGE_SIZE),
            parcours=parcours.of_pupil(reading, student_id),
            delays=delays.of_pupil(reading, student_id),
            may_lead=may_act and visitor.scope.may_lead,
            may_keep=may_act and visitor.scope.may_keep_delays,
            today=day,
        )
