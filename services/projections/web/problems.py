"""What goes wrong, told plainly: RFC 9457 problems to programs, pages to people; what was sent is never repeated."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from psycopg import DataError
from starlette.exceptions import HTTPException

from chassis.database import TRANSIENT
from chassis.logs import Log
from services.projections.acts import NotInSight
from services.projections.commands import RETRY_AFTER_S, Refused, ServiceAway
from services.projections.reading.cursors import BadCursor
from services.projections.reading.readings import NotForThisRole
from services.projections.web.access import COOKIE, DirectoryAway, Forged, NotSignedIn, Unknown, Visitor, visitor_of
from services.projections.web.site import site_of

log = Log("web")
API = "/api/"
_ACT = re.compile(r"(/(?:alertes|parcours|delais)/[0-9a-f-]{36})/(?!ouvrir$).+")


class NotFound(Exception):
    """Nothing there, or not in this territory: the answer is the same."""


@dataclass(frozen=True)
class Problem:
    """An answer that is not the one hoped for."""

    status: int
    code: str
    title: str  # for programs, in English
    page: str  # for people, in French
    detail: str = ""


_PROBLEMS: dict[type[Exception], Problem] = {
    NotSignedIn: Problem(
        401, "not-signed-in", "A valid bearer token is needed", "Vous n’êtes pas connecté, ou votre session a expiré."
    ),
    Unknown: Problem(
        403, "unknown-actor", "The directory does not hold this actor", "L’annuaire ne vous connaît pas (ou plus)."
    ),
    DirectoryAway: Problem(
        503,
        "directory-away",
        "The directory is not read yet; try again",
        "L’annuaire n’est pas encore disponible. Réessayez dans un instant.",
    ),
    NotForThisRole: Problem(
        403, "not-for-this-role", "This role does not see that", "Votre rôle ne donne pas accès à cette page."
    ),
    Forged: Problem(
        403,
        "forged-form",
        "This form did not come from one of our pages",
        "Ce formulaire n’a pas pu être vérifié. Rechargez la page et recommencez.",
    ),
    BadCursor: Problem(
        400, "bad-cursor", "This cursor was not given for this question", "Cette page de la liste n’existe plus."
    ),
    ServiceAway: Problem(
        503,
        "service-away",
        "The service that decides did not answer; the same request again is harmless",
        "Le service ne répond pas. Rien n’est perdu : réessayez dans un instant.",
    ),
}
_AWAY = Problem(
    503,
    "database-away",
    "The database is away; try again",
    "Les données sont momentanément indisponibles. Réessayez dans un instant.",
)
_BAD_VALUE = Problem(400, "bad-value", "A value cannot be looked for", "Ce filtre n’est pas valable.")
_BY_STATUS = {
    404: Problem(404, "not-found", "Nothing here, or not in your territory", "Cette page n’existe pas."),
    405: Problem(405, "method-not-allowed", "This method is not allowed here", "Cette page n’existe pas."),
    413: Problem(413, "too-large", "The body is too large", "Ce formulaire est trop volumineux."),
}
_UNEXPECTED = Problem(
    500,
    "unexpected",
    "Something unexpected happened; it has been logged",
    "Une erreur inattendue s’est produite. Elle a été signalée.",
)


def page_of_act(path: str) -> str | None:
    """The page of the alert, of the parcours or of the delay that is acted on at this address, where no page is.

    Opening what was proposed is an act with a page of its own.
    """
    found = _ACT.fullmatch(path)
    return found[1] if found else None


def answer(request: Request, problem: Problem, **more: object) -> Response:
    """`problem`, as a page or as JSON."""
    headers = {"Retry-After": str(RETRY_AFTER_S)} if problem.status == 503 else {}
    if not request.url.path.startswith(API):
        site = site_of(request)
        visitor, here = _visitor(request, problem), request.url.path
        html = site.views.render("erreur.html", problem=problem, visitor=visitor, here=here, demo=site.settings.demo)
        return Response(html, problem.status, headers, "text/html; charset=utf-8")
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body: dict[str, object] = {
        "type": f"urn:perseverance:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
    }
    if problem.detail:
        body["detail"] = problem.detail
    return JSONResponse(body | more, problem.status, headers, "application/problem+json")


def _visitor(request: Request, problem: Problem) -> Visitor | None:
    """Who is signed in: whoever is keeps the way out, and to the other pages.

    After something unexpected as little as possible is relied on.
    """
    if problem is _UNEXPECTED:
        return None
    try:
        return visitor_of(site_of(request), request.cookies.get(COOKIE))
    except (NotSignedIn, Unknown, DirectoryAway):
        return None


def install(app: FastAPI) -> None:
    """Have every exception answered."""
    for kind, problem in _PROBLEMS.items():
        app.add_exception_handler(kind, _always(problem))
    for transient in TRANSIENT:
        app.add_exception_handler(transient, _always(_AWAY))
    for missing in (NotFound, NotInSight):
        app.add_exception_handler(missing, _always(_BY_STATUS[404]))
    app.add_exception_handler(NotSignedIn, _sign_in_first)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(DataError, _always(_BAD_VALUE))
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _always(problem: Problem) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handler(request: Request, _: Exception) -> Response:
        return answer(request, problem)

    return handler


async def _sign_in_first(request: Request, _: Exception) -> Response:
    problem = _PROBLEMS[NotSignedIn]
    if request.url.path.startswith(API) or not site_of(request).settings.demo or request.url.path == "/flux":
        return answer(request, problem)
    path, query = request.url.path, request.url.query
    if request.method != "GET":
        target = page_of_act(path) or (path if path.endswith(("/nouveau", "/ouvrir")) else "/")
    else:
        target = f"{path}?{query}" if query else path
    return RedirectResponse(f"/connexion?{urlencode({'suite': target})}", 303)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    problem = Problem(409, error.code.replace("_", "-"), "This makes no sense now", error.reason, error.reason)
    grounds = {"rule": error.rule, "source": error.source, "remedy": error.remedy}
    return answer(request, problem, code=error.code, **{name: said for name, said in grounds.items() if said})


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # Only where and what kind: the library's own answer repeats what was sent.
    if any(each["loc"][0] == "path" for each in error.errors()):
        return answer(request, _BY_STATUS[404])
    fields = [{"where": _place(each), "why": each["type"]} for each in error.errors()]
    problem = Problem(422, "invalid", "A field is missing or of the wrong form", "Un champ est mal rempli.")
    return answer(request, problem, errors=fields)


def _place(error: Mapping[str, Any]) -> str:
    """Where in the request; the name of a field that nobody knows is as much theirs as what is in it."""
    known = error["loc"][:-1] if error["type"] == "extra_forbidden" else error["loc"]
    return ".".join(map(str, known))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405 and request.method == "GET" and (page := page_of_act(request.url.path)):
        # The address that a browser holds after a form was refused: whoever reloads it wants the page.
        return RedirectResponse(page, 303)
    fallback = Problem(error.status_code, "http", "This request cannot be answered", "Cette demande est impossible.")
    return answer(request, _BY_STATUS.get(error.status_code, fallback))


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("web.unexpected", exc=error, method=request.method)
    return answer(request, _UNEXPECTED)
