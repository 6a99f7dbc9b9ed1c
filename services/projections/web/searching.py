"""The forms above the lists. They are sent, not written into the address; the list they lead to has it under seal."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from services.projections.web.access import PageVisitor, check_origin
from services.projections.web.forms import sent
from services.projections.web.searches import FIELD, printable
from services.projections.web.site import TheSite
from services.projections.web.views import link

LISTS = ("/alertes", "/approche", "/parcours", "/delais", "/eleves")
_FILTERS = ("niveau", "etat", "mois", "etablissement", "classe", "type", "vue", "tri")

router = APIRouter(include_in_schema=False)


async def narrowed(site: TheSite, request: Request, _visitor: PageVisitor) -> RedirectResponse:
    """Go to the list, narrowed as the form says; its links and its file keep that."""
    check_origin(request)
    said = (await sent(request, FIELD)).said
    sealed = site.searches.seal(printable(said.get(FIELD, "")))
    filters = {name: said.get(name) for name in _FILTERS}
    return RedirectResponse(link(request.url.path, filters, **{FIELD: sealed}), 303)


for _path in LISTS:
    router.add_api_route(_path, narrowed, methods=["POST"])
