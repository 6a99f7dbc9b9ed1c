"""The JSON API on one page, made from its OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.projections.web.site import TheSite

router = APIRouter(include_in_schema=False)


class Operation(NamedTuple):
    """One thing the API does."""

    method: str
    path: str
    summary: str
    parameters: list[tuple[str, str]]


def _operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            parameters = [(each["name"], each["in"]) for each in said.get("parameters", ())]
            yield Operation(method.upper(), path, said["description"], parameters)


@router.get("/api/docs", response_class=HTMLResponse)
def docs(site: TheSite, request: Request) -> str:
    """Every operation, in a line or two."""
    operations = list(_operations(request.app.openapi()))
    return site.views.render("api.html", operations=operations, demo=site.settings.demo, here="/api/docs")
