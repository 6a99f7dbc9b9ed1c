"""The web side put together: one ASGI application."""

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from services.projections.web import (
    alert_page,
    api,
    api_acts,
    api_delays,
    api_parcours,
    delay_pages,
    docs,
    export,
    flux,
    pages,
    parcours_acts,
    parcours_list,
    parcours_opening,
    parcours_page,
    problems,
    pupil_pages,
    searching,
    sign_in,
)
from services.projections.web.security import Guarded
from services.projections.web.site import Site
from services.projections.web.views import STATIC


def make_application(site: Site) -> ASGIApp:
    """The pages and the API over `site`."""
    app = FastAPI(
        title="perseverance",
        summary="Alerts about pupils' absences, their parcours and legal delays, and the e-mails sent about them",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.site = site
    problems.install(app)
    for module in (api, api_acts, api_parcours, api_delays, docs, pages, searching, export, alert_page, sign_in, flux):
        app.include_router(module.router)
    # The form to open one before the page of one: `nouveau` is not an id.
    for module in (parcours_list, parcours_opening, parcours_page, parcours_acts, delay_pages, pupil_pages):
        app.include_router(module.router)
    if site.settings.theme is not None:
        app.mount("/static/theme", StaticFiles(directory=site.settings.theme / "static"), name="theme")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return Guarded(app)
