"""Signing in and out. Where an identity is chosen exists in demonstration mode only."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.projections import tokens
from services.projections.folding.roster import plain
from services.projections.web import words
from services.projections.web.access import COOKIE, PageVisitor, check_form, check_origin
from services.projections.web.problems import NotFound
from services.projections.web.site import Site, TheSite

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
_MOST_SHOWN = 40


def _only_in_demo(site: Site) -> None:
    if not site.settings.demo:
        raise NotFound


def _local(target: str) -> str:
    """`target` if it is a path of ours, else the home page: a link must not lead elsewhere through us."""
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if safe else "/"


@router.get("/connexion")
def choose(site: TheSite, recherche: str = "", suite: str = "/") -> str:
    """The identities of the directory."""
    _only_in_demo(site)
    terms = plain(recherche[:100]).split()
    found = []
    for actor in site.directory.actors():
        place = site.names.territory(actor)
        if all(term in plain(f"{actor.name} {words.ROLES[actor.role]} {place} {actor.id}") for term in terms):
            found.append((actor, place))
    return site.views.render(
        "connexion.html",
        demo=True,
        found=found[:_MOST_SHOWN],
        total=len(found),
        search=recherche[:100],
        target=_local(suite),
        here="/connexion",
    )


@router.post("/connexion")
def sign_in(
    site: TheSite,
    request: Request,
    identite: Annotated[str, Form(max_length=64)] = "",
    suite: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Become one of them for twelve hours."""
    _only_in_demo(site)
    check_origin(request)
    if site.directory.actor(identite) is None:
        raise NotFound
    response = RedirectResponse(_local(suite), 303)
    response.set_cookie(
        COOKIE,
        tokens.issue(site.secrets.signing(), identite),
        max_age=int(tokens.LIFETIME / timedelta(seconds=1)),
        httponly=True,
        samesite="lax",
        secure=site.settings.secure_cookies,
    )
    return response


@router.post("/deconnexion")
def sign_out(
    site: TheSite, request: Request, visitor: PageVisitor, csrf: Annotated[str, Form(max_length=100)] = ""
) -> Response:
    """Forget who this browser was."""
    check_form(request, visitor, csrf)
    response = RedirectResponse("/connexion" if site.settings.demo else "/", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=site.settings.secure_cookies)
    return response


@router.get("/accessibilite")
def accessibility(site: TheSite) -> str:
    """The accessibility declaration."""
    return site.views.render("accessibilite.html", demo=site.settings.demo, here="/accessibilite")
