"""How `POST /events` is described in the OpenAPI document."""

from typing import Any, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from contracts.envelope import BATCH_CONTENT_TYPE, CONTENT_TYPE
from contracts.incoming import Incoming
from services.intake import problems, reading
from services.intake.codes import Code

_REF = "#/components/schemas/{model}"


class VerdictModel(BaseModel):
    """The answer about one event; `field`, `code` and `reason` only when it is refused."""

    index: int
    id: str | None
    status: Literal["accepted", "duplicate", "refused"]
    field: str | None
    code: Code | None
    reason: str | None


class Answer(BaseModel):
    """One verdict for each event, in the order they were sent."""

    verdicts: list[VerdictModel]


class ProblemModel(BaseModel):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    verdicts: list[VerdictModel] | None = None


def _problem(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="ProblemModel")}}},
    }


EVENTS: dict[str, Any] = {
    "status_code": 202,
    "response_model": Answer,
    "summary": "Report facts about pupils",
    "description": "One event, or a batch of them. What is answered `accepted` is kept; sending it again is harmless.",
    "responses": {
        400: _problem("The body is not JSON."),
        401: _problem("No API key, or an unknown one."),
        403: _problem("The API key was revoked."),
        408: _problem("The body did not arrive in time."),
        413: _problem("The body or the batch is too large."),
        415: _problem("Not a media type of CloudEvents in JSON."),
        422: _problem("The one event that was sent is refused; its verdict says where and why."),
        429: _problem("Too much at once: come back after Retry-After seconds."),
        503: _problem("The store is away: nothing was taken; come back after Retry-After seconds."),
    },
    "openapi_extra": {"security": [{"key": []}]},
}


def complete(app: FastAPI) -> None:
    """Add to the document of `app` what FastAPI cannot guess: bodies that are read by hand."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # the way FastAPI documents for this


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    event = reading.schema(_REF)
    data = [{"$ref": _REF.format(model=c.__name__)} for c in Incoming.__subclasses__()]
    parts = document.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    schemas |= event.pop("$defs") | {"Event": event}
    for model in (ProblemModel, Answer):
        schema = model.model_json_schema(ref_template=_REF)
        schemas |= schema.pop("$defs", {}) | {model.__name__: schema}
    parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    one = {"$ref": _REF.format(model="Event")}
    several = {"type": "array", "items": one, "maxItems": 1000}
    document["paths"]["/events"]["post"]["requestBody"] = {
        "required": True,
        "content": {
            CONTENT_TYPE: {"schema": one},
            BATCH_CONTENT_TYPE: {"schema": several},
            "application/json": {"schema": {"anyOf": [one, several, *data]}},  # the last: in binary mode
        },
    }
    return document
