"""Live change: a page that stays open learns that something in its territory moved, and asks for itself again."""

from collections.abc import AsyncIterator, Callable

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from services.projections.web.access import PageVisitor, still_signed_in
from services.projections.web.site import Site, TheSite

router = APIRouter(include_in_schema=False)
_HEARTBEAT_S = 15.0
_AT_MOST_EVERY_S = 1.0
_OPENING = b"retry: 2000\nevent: ouvert\ndata: \n\n"
_CHANGE = b"event: change\ndata: \n\n"
_SILENCE = b": \n\n"


@router.get("/flux")
async def flux(site: TheSite, request: Request, visitor: PageVisitor) -> StreamingResponse:
    """Server-sent events that say when, never what: the page asks with its own rights."""
    # Figures that are withheld could be told from each other by the moments at which they move.
    uais = frozenset() if visitor.scope.hides_few else frozenset(visitor.scope.uais)
    events = _events(site, uais, lambda: still_signed_in(site, request))
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(events, headers=headers, media_type="text/event-stream")


async def _events(site: Site, uais: frozenset[str], signed_in: Callable[[], bool]) -> AsyncIterator[bytes]:
    with site.changes.subscription(uais) as subscription:
        yield _OPENING
        while not subscription.over and signed_in():
            changed = await subscription.wait(_HEARTBEAT_S)
            if subscription.over:
                return
            yield _CHANGE if changed else _SILENCE
            if changed:
                await subscription.pause(_AT_MOST_EVERY_S)
