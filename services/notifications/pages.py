"""What was caught, to be looked at: pages in French under /courriels-captes, JSON under /catcher/messages.

Only for a machine where nothing is delivered: everyone who reaches it may read everything.
"""

from dataclasses import asdict
from datetime import datetime
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from chassis.clock import PARIS
from services.notifications.mailbox import Mailbox

_NO_MAIL, _NO_PAGE = "Ce courriel n’existe pas", "Cette page n’existe pas"
_PAGE = 50
_LARGEST_PAGE = 200
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def pages(directory: Path) -> Starlette:
    """The HTTP application that shows the mailbox in `directory`."""
    shown = _Pages(Mailbox(directory))
    return Starlette(
        routes=[
            Route("/courriels-captes", shown.list),
            Route("/courriels-captes/", shown.list),
            Route("/courriels-captes/{number:int}", shown.message),
            Route("/courriels-captes/{number:int}/html", shown.html),
            Route("/catcher/messages", shown.list_json),
            Route("/catcher/messages/{number:int}", shown.message_json),
            Route("/catcher/messages/{number:int}.eml", shown.original),
        ],
        exception_handlers={HTTPException: shown.missing},
    )


class _Pages:
    # Plain functions: Starlette runs them in threads, and they read files.

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._templates = Environment(
            loader=PackageLoader("services.notifications"),
            autoescape=select_autoescape(["html.j2"]),
            undefined=StrictUndefined,
        )
        self._templates.filters["local"] = _local

    def list(self, request: Request) -> Response:
        limit, offset = _window(request)
        return self._page(
            "captured_list.html.j2",
            messages=self._mailbox.page(limit, offset),
            total=self._mailbox.last(),
            limit=limit,
            offset=offset,
        )

    def message(self, request: Request) -> Response:
        number, content, message = self._asked(request)
        return self._page(
            "captured_message.html.j2",
            number=number,
            to=str(message["To"] or ""),
            received_at=self._mailbox.received_at(number),
            subject=str(message["Subject"] or "(sans objet)"),
            headers=[(name, str(value)) for name, value in message.items() if name != "Subject"],
            sha256=sha256(content).hexdigest(),
            text=_part(message, "plain"),
            has_html=bool(_part(message, "html")),
        )

    def html(self, request: Request) -> Response:
        return HTMLResponse(_part(self._asked(request)[2], "html"), headers=_SAFE)

    def list_json(self, request: Request) -> Response:
        limit, offset = _window(request)
        items = [
            asdict(caught) | {"received_at": caught.received_at.isoformat()}
            for caught in self._mailbox.page(limit, offset)
        ]
        return JSONResponse({"items": items, "total": self._mailbox.last()}, headers=_SAFE)

    def message_json(self, request: Request) -> Response:
        number, content, message = self._asked(request)
        return JSONResponse(
            {
                "number": number,
                "headers": {name: str(value) for name, value in message.items()},
                "text": _part(message, "plain"),
                "html": _part(message, "html"),
                "sha256": sha256(content).hexdigest(),
            },
            headers=_SAFE,
        )

    def original(self, request: Request) -> Response:
        return Response(self._asked(request)[1], media_type="message/rfc822", headers=_SAFE)

    def missing(self, request: Request, error: Exception) -> Response:
        """A page that leads back, for people; a line of JSON for programs."""
        assert isinstance(error, HTTPException)
        what = _NO_MAIL if error.detail == _NO_MAIL else _NO_PAGE
        if request.url.path.startswith("/catcher/"):
            return JSONResponse({"detail": what}, error.status_code, headers=_SAFE | dict(error.headers or {}))
        page = self._page("captured_missing.html.j2", what=what)
        page.status_code = error.status_code
        page.headers.update(error.headers or {})
        return page

    def _asked(self, request: Request) -> tuple[int, bytes, EmailMessage]:
        number = request.path_params["number"]
        content, message = self._mailbox.content(number), self._mailbox.message(number)
        if content is None or message is None:
            raise HTTPException(404, _NO_MAIL)
        return number, content, message

    def _page(self, template: str, **words: object) -> Response:
        return HTMLResponse(self._templates.get_template(template).render(words), headers=_SAFE)


def _window(request: Request) -> tuple[int, int]:
    return _number(request, "limit", _PAGE, _LARGEST_PAGE), _number(request, "offset", 0, 10**9)


def _number(request: Request, name: str, default: int, largest: int) -> int:
    text = request.query_params.get(name, "")
    return min(int(text), largest) if text.isascii() and text.isdigit() and len(text) < 12 else default


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    content = part.get_content() if part is not None else ""
    return content if isinstance(content, str) else ""


def _local(instant: datetime) -> str:
    return instant.astimezone(PARIS).strftime("%d/%m/%Y %H:%M:%S")
