"""Who is asking, and what they may look at. Everything that shows data begins here."""

import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from chassis.clock import today
from services.projections import tokens
from services.projections.reading.readings import NotForThisRole
from services.projections.scope import Scope, scope_of
from services.projections.web.site import Site, TheSite

COOKIE = "perseverance_session"
_BEARER = "bearer "


class NotSignedIn(Exception):
    """No token, or one that is no longer valid."""


class Unknown(Exception):
    """A valid token of somebody the directory does not hold (any more)."""


class DirectoryAway(Exception):
    """A valid token, and no directory read yet that could tell whose."""


class Forged(Exception):
    """A form that did not come from one of our pages."""


@dataclass(frozen=True)
class Visitor:
    """Somebody signed in: their scope now, and the token that forms of theirs must carry."""

    scope: Scope
    csrf: str

    @property
    def actor_id(self) -> str:
        """Who."""
        return self.scope.actor.id


def visitor_of(site: Site, token: str | None) -> Visitor:
    """Whom `token` stands for, with the scope they have now. Raises NotSignedIn, Unknown, DirectoryAway."""
    if not token:
        raise NotSignedIn
    try:
        claims, secret = tokens.verify(site.secrets.all(), token)
    except tokens.BadToken:
        raise NotSignedIn from None
    actor = site.directory.actor(claims["sub"])
    if actor is None:
        raise Unknown if site.directory.loaded else DirectoryAway
    scope = scope_of(actor, site.directory.schools(), today(site.clock))
    # With the secret of the session, not the one that signs now: a page that was open when it changed can be sent.
    csrf = hmac.new(secret, f"form {claims['jti']}".encode(), "sha256").hexdigest()
    return Visitor(scope, csrf)


def still_signed_in(site: Site, request: Request) -> bool:
    """Whether the session that a page was opened with is still good: it ends with its time, or with its secret."""
    try:
        tokens.verify(site.secrets.all(), request.cookies.get(COOKIE, ""))
    except tokens.BadToken:
        return False
    return True


def _by_bearer(request: Request, site: TheSite) -> Visitor:
    given = request.headers.get("authorization", "")
    return visitor_of(site, given[len(_BEARER) :].strip() if given.lower().startswith(_BEARER) else None)


def _by_cookie(request: Request, site: TheSite) -> Visitor:
    return visitor_of(site, request.cookies.get(COOKIE))


def check_origin(request: Request) -> None:
    """Refuse a form that another site made the browser send. Raises Forged.

    Browsers tell by Sec-Fetch-Site, older ones by Origin; what is not a browser sends neither.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forged
    origin = request.headers.get("origin")
    if origin is not None and origin.rpartition("://")[2] != request.headers.get("host"):
        raise Forged


def check_form(request: Request, visitor: Visitor, csrf: str) -> None:
    """Refuse a form without the token of this session. Raises Forged."""
    check_origin(request)
    if not hmac.compare_digest(csrf.encode(), visitor.csrf.encode()):
        raise Forged


def _seeing_pupils(visitor: Visitor) -> Visitor:
    if not visitor.scope.sees_alerts:
        raise NotForThisRole
    return visitor


def _seeing_parcours(visitor: Visitor) -> Visitor:
    if not visitor.scope.sees_parcours:
        raise NotForThisRole
    return visitor


def _page_seeing_pupils(visitor: Annotated[Visitor, Depends(_by_cookie)]) -> Visitor:
    return _seeing_pupils(visitor)


def _api_seeing_pupils(visitor: Annotated[Visitor, Depends(_by_bearer)]) -> Visitor:
    return _seeing_pupils(visitor)


def _page_seeing_parcours(visitor: Annotated[Visitor, Depends(_by_cookie)]) -> Visitor:
    return _seeing_parcours(visitor)


def _api_seeing_parcours(visitor: Annotated[Visitor, Depends(_by_bearer)]) -> Visitor:
    return _seeing_parcours(visitor)


def _page_leading(visitor: Annotated[Visitor, Depends(_by_cookie)]) -> Visitor:
    if not visitor.scope.may_lead:
        raise NotForThisRole
    return visitor


def _page_keeping_delays(visitor: Annotated[Visitor, Depends(_by_cookie)]) -> Visitor:
    if not visitor.scope.may_keep_delays:
        raise NotForThisRole
    return visitor


PageVisitor = Annotated[Visitor, Depends(_by_cookie)]
ApiVisitor = Annotated[Visitor, Depends(_by_bearer)]
PageOfPupils = Annotated[Visitor, Depends(_page_seeing_pupils)]
ApiOfPupils = Annotated[Visitor, Depends(_api_seeing_pupils)]
PageOfParcours = Annotated[Visitor, Depends(_page_seeing_parcours)]
ApiOfParcours = Annotated[Visitor, Depends(_api_seeing_parcours)]
PageLeading = Annotated[Visitor, Depends(_page_leading)]
PageKeepingDelays = Annotated[Visitor, Depends(_page_keeping_delays)]
