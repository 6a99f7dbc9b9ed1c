"""Errors as RFC 9457 problem documents. None of them quotes what was sent."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that gets no verdicts: the status, a code for programs, what to do for people."""

    def __init__(self, status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers

    def response(self, **more: Any) -> JSONResponse:
        """The document on the wire; `more` members are added to it."""
        return JSONResponse(
            {
                "type": "about:blank",
                "title": HTTPStatus(self.status).phrase,
                "status": self.status,
                "code": self.code,
                "detail": self.detail,
                **more,
            },
            self.status,
            self.headers,
            MEDIA_TYPE,
        )


def busy(status: int, code: str, detail: str, seconds: int) -> Problem:
    """Not now: come back in so many seconds."""
    return Problem(status, code, detail, {"Retry-After": str(seconds)})


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""

    async def problem(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)
        return error.response()

    async def http_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers) if error.headers else None
        return Problem(error.status_code, "http_error", "see the documentation of POST /events", headers).response()

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(HTTPException, http_error)
