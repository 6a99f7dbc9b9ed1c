"""Choosing the pupil that something is begun for."""

from typing import NamedTuple

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from services.projections.reading import pupils
from services.projections.reading.readings import Reading, Row
from services.projections.web.access import Visitor
from services.projections.web.pages import show
from services.projections.web.problems import NotFound
from services.projections.web.site import Site

MOST = 20


class Purpose(NamedTuple):
    """What a pupil is chosen for, and the list it will be in."""

    what: str
    list_path: str
    list_name: str


def choose(
    site: Site,
    request: Request,
    visitor: Visitor,
    reading: Reading,
    purpose: Purpose,
    search: str = "",
    found: list[Row] | None = None,
) -> Response:
    """The page where a pupil is looked for; its links lead back to this address with the pupil in it.

    Who was found and is on no roll in sight is shown, so that nobody looks for them in vain, and leads nowhere.
    """
    html = show(
        site,
        request,
        visitor,
        reading,
        "choisir_eleve.html",
        **purpose._asdict(),
        search=search,
        found=found or [],
        out_of_reach={each["student_id"] for each in found or [] if school_in_sight(reading, each) is None},
        most=MOST,
    )
    return HTMLResponse(html)


def chosen(site: Site, request: Request, visitor: Visitor, purpose: Purpose, search: str) -> Response:
    """The pupils in sight that answer to a name or an INE."""
    text = search.strip()[:100]
    with site.readings.of_pupils(visitor.scope) as reading:
        return choose(site, request, visitor, reading, purpose, text, pupils.find(reading, text, MOST))


def school_in_sight(reading: Reading, pupil: Row) -> str | None:
    """The school in sight where a pupil is on the roll, or is by the register; None where there is none to act in."""
    # Partners have no right to when a pupil came and left: for them the register says it.
    rolls = pupils.enrolments(reading, pupil["student_id"]) if reading.scope.sees_alerts else []
    here = [each["uai"] for each in rolls if each["left_on"] is None] + [pupil["uai"]]
    return next((each for each in here if each in reading.uais), None)


def school_of(reading: Reading, pupil: Row) -> str:
    """The school in sight where a pupil is on the roll. Raises NotFound."""
    uai = school_in_sight(reading, pupil)
    if uai is None:
        raise NotFound
    return uai
